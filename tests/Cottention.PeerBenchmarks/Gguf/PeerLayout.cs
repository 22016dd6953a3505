namespace Cottention.PeerBenchmarks.Gguf;

/// <summary>What kind of model the peer runs.</summary>
internal enum PeerLayout
{
    /// <summary>Softmax attention: its cost and memory grow with the position.</summary>
    Phi2,

    /// <summary>RWKV-7, recurrent: constant, as ours.</summary>
    Rwkv7,
}
