using Cottention.Inference.Runners.Cpu;
using Cottention.PeerBenchmarks.Gguf;

namespace Cottention.PeerBenchmarks;

/// <summary>Weights of the same size on both sides.</summary>
/// <param name="Ours">Name of our format.</param>
/// <param name="Peer">The peer's.</param>
internal sealed record FormatPair(string Ours, GgufType Peer)
{
    /// <summary>From the smallest weights to the largest.</summary>
    public static IReadOnlyList<FormatPair> All { get; } =
    [
        new("Int4", GgufType.Q4_0),
        new("Int8", GgufType.Q8_0),
        new("Bf16", GgufType.BF16),
        new("F32", GgufType.F32),
    ];

    /// <summary>Our format, or null where this runner has none of the name.</summary>
    public WeightFormat? Weights => Enum.TryParse<WeightFormat>(Ours, out var format) ? format : null;
}
