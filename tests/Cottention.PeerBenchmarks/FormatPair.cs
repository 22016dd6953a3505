using Cottention.Inference.Runners.Cpu;
using Cottention.PeerBenchmarks.Gguf;

namespace Cottention.PeerBenchmarks;

/// <summary>Weights of the same size on both sides.</summary>
/// <param name="Ours">Our format.</param>
/// <param name="Peer">The peer's.</param>
internal sealed record FormatPair(WeightFormat Ours, GgufType Peer)
{
    /// <summary>From the smallest weights to the largest.</summary>
    public static IReadOnlyList<FormatPair> All { get; } =
    [
        new(WeightFormat.Int4, GgufType.Q4_0),
        new(WeightFormat.Int8, GgufType.Q8_0),
        new(WeightFormat.Bf16, GgufType.BF16),
        new(WeightFormat.F32, GgufType.F32),
    ];
}
