namespace Cottention.PeerBenchmarks.Gguf;

/// <summary>How a tensor's numbers lie in a GGUF file; the values are ggml's type numbers.</summary>
internal enum GgufType : uint
{
    F32 = 0,
    F16 = 1,

    /// <summary>Blocks of 32: float16 scale, then 4 bits a value.</summary>
    Q4_0 = 2,

    /// <summary>Blocks of 32: float16 scale, then 8 bits a value.</summary>
    Q8_0 = 8,

    BF16 = 30,
}
