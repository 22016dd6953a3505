namespace Cottention.PeerBenchmarks;

/// <summary>One round: a raw read of memory, a block of our steps, a block of the peer's.</summary>
/// <param name="RawRead">Bytes a second.</param>
/// <param name="Ours">Seconds a step, median of the block.</param>
/// <param name="Peer">Seconds a step, median of the block.</param>
/// <param name="Quiet">Whether the machine was quiet before both blocks and during them.</param>
internal sealed record Round(double RawRead, double Ours, double Peer, bool Quiet);
