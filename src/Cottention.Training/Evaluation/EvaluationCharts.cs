using Cottention.Training.Display;

namespace Cottention.Training.Evaluation;

/// <summary>Turns a report into drawings.</summary>
internal static class EvaluationCharts
{
    /// <summary>A drawing for each text that was measured by position. Where both runners measured, the CPU runner's line is drawn.</summary>
    public static IReadOnlyList<ChartPanel> Of(EvaluationReport report) =>
        [.. report.ByPosition.GroupBy(entry => entry.Text).Select(text => ByPosition(text.Key, text.DistinctBy(entry => entry.Model)))];

    private static ChartPanel ByPosition(string text, IEnumerable<PositionEntry> entries) => new(
        $"{text}: perplexity by position, the state carried on",
        "tokens read before (each point: from the one to its left up to here)",
        "perplexity (bars: one standard error)",
        [.. entries.Select(entry => new ChartLine(
            entry.Model,
            [.. entry.Buckets.Select(bucket => ((double)bucket.Last, bucket.Perplexity, bucket.Perplexity * (bucket.StandardError ?? 0)))]))]);
}
