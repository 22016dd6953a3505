namespace Cottention.Cli.Bench;

/// <summary>What one work reached: medians over the rounds. Ratios are medians of the rounds' ratios.</summary>
/// <param name="Name">The work's name.</param>
/// <param name="Kind"><c>decode</c>, <c>engine</c> or <c>prefill</c>.</param>
/// <param name="Batch">Rows of a step.</param>
/// <param name="Position">Position of the rows; null where it moves on.</param>
/// <param name="Tokens">Tokens of a step.</param>
/// <param name="TokensPerSecond">All rows together.</param>
/// <param name="GigabytesPerSecond">Weights and states, 10^9 bytes.</param>
/// <param name="RawReadGigabytesPerSecond">Raw read bandwidth of the machine beside it.</param>
/// <param name="ShareOfRawRead">The one divided by the other.</param>
/// <param name="GigaflopsPerSecond">Arithmetic of the matrix products; null where memory decides.</param>
/// <param name="Baseline">Name of the work whose rate it is compared with; null for none.</param>
/// <param name="RatioToBaseline">Its rate divided by that one's.</param>
internal sealed record WorkResult(
    string Name, string Kind, int Batch, long? Position, int Tokens, double TokensPerSecond, double GigabytesPerSecond,
    double RawReadGigabytesPerSecond, double ShareOfRawRead, double? GigaflopsPerSecond, string? Baseline, double? RatioToBaseline)
{
    private const double Giga = 1e9;

    /// <summary>Takes the medians.</summary>
    /// <param name="work">The work.</param>
    /// <param name="index">Its index in the rounds.</param>
    /// <param name="baseline">The baseline's index, or -1.</param>
    /// <param name="rounds">At least one.</param>
    public static WorkResult Of(Work work, int index, int baseline, IReadOnlyList<Round> rounds)
    {
        double Median(Func<Round, double> value) => MedianOf(rounds.Select(value));
        return new WorkResult(
            work.Name, work.Kind, work.Batch, work.Position, work.Tokens,
            Median(round => work.Tokens / round.Seconds[index]),
            Median(round => work.Bytes / round.Seconds[index]) / Giga,
            Median(round => round.Reads[index]) / Giga,
            Median(round => work.Bytes / round.Seconds[index] / round.Reads[index]),
            work.FloatingPointOperations > 0 ? Median(round => work.FloatingPointOperations / round.Seconds[index]) / Giga : null,
            work.Baseline?.Name,
            baseline >= 0 ? Median(round => round.Seconds[baseline] / round.Seconds[index]) : null);
    }

    /// <summary>The middle one, or the mean of the two in the middle.</summary>
    public static double MedianOf(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
