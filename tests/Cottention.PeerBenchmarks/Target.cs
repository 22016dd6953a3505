using Cottention.Inference.Runners.Cpu;

namespace Cottention.PeerBenchmarks;

/// <summary>What the ratio of our rate to the peer's must be, and what it should be.</summary>
/// <param name="Must">Least ratio.</param>
/// <param name="Goal">Aim.</param>
internal sealed record Target(double Must, double Goal)
{
    private static readonly Dictionary<(string Work, WeightFormat Weights), Target> Known = new()
    {
        [("decode-1", WeightFormat.Int4)] = new(1.6, 1.85),
        [("decode-1", WeightFormat.Int8)] = new(1.45, 1.7),
        [("decode-1", WeightFormat.Bf16)] = new(1.1, 1.25),
        [("decode-1", WeightFormat.F32)] = new(1.05, 1.15),
        [("decode-8", WeightFormat.Int4)] = new(2.2, 2.7),
        [("decode-8", WeightFormat.Int8)] = new(4.0, 5.0),
        [("decode-8", WeightFormat.Bf16)] = new(2.8, 3.5),
        [("decode-8", WeightFormat.F32)] = new(1.8, 2.2),
        [("decode-32", WeightFormat.Int4)] = new(1.9, 2.3),
        [("decode-32", WeightFormat.Int8)] = new(3.2, 4.5),
        [("decode-32", WeightFormat.Bf16)] = new(3.0, 3.6),
        [("decode-32", WeightFormat.F32)] = new(2.5, 3.0),
        [("decode-1-at-32768", WeightFormat.Int4)] = new(25, 35),
        [("decode-1-at-32768", WeightFormat.Int8)] = new(15, 19),
        [("decode-1-at-32768", WeightFormat.Bf16)] = new(7, 9.5),
        [("decode-32-at-4096", WeightFormat.Int4)] = new(12, 18),
        [("decode-32-at-4096", WeightFormat.Int8)] = new(12, 18),
        [("rwkv7-1", WeightFormat.Int4)] = new(1.7, 2.2),
        [("rwkv7-8", WeightFormat.Int4)] = new(2.3, 3.0),
        [("rwkv7-32", WeightFormat.Int4)] = new(2.0, 2.5),
        [("prefill-512", WeightFormat.Int4)] = new(1.3, 1.8),
        [("prefill-512", WeightFormat.Int8)] = new(2.5, 3.6),
        [("prefill-512", WeightFormat.Bf16)] = new(3.0, 4.5),
    };

    private static readonly Target FlatCost = new(0.97, 0.99);

    /// <summary>Share of the raw read bandwidth that a decode step of one session uses, every format.</summary>
    public static Target ShareOfRawRead { get; } = new(0.8, 0.92);

    /// <summary>The target of a pair; null where there is none.</summary>
    public static Target? Of(Work work, FormatPair format) =>
        work.Layout is null ? FlatCost : Known.GetValueOrDefault((work.Name, format.Ours));
}
