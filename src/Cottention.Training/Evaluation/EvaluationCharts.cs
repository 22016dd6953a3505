using Cottention.Training.Display;
using Cottention.Training.Evaluation.Recall;

namespace Cottention.Training.Evaluation;

/// <summary>Turns a report into drawings. Where both runners measured, the CPU runner's lines are drawn.</summary>
internal static class EvaluationCharts
{
    /// <summary>A drawing for each text that was measured by position, and two for each text and kind of plant that was to be recalled.</summary>
    public static IReadOnlyList<ChartPanel> Of(EvaluationReport report) =>
    [
        .. report.ByPosition.GroupBy(entry => entry.Text).Select(text => ByPosition(text.Key, text.DistinctBy(entry => entry.Model))),
        .. report.Recall.GroupBy(entry => (entry.Text, entry.Kind))
            .SelectMany(plants => Recall(plants.Key.Text, plants.Key.Kind, [.. plants.DistinctBy(entry => entry.Model)])),
    ];

    private static ChartPanel ByPosition(string text, IEnumerable<PositionEntry> entries) => new(
        $"{text}: perplexity by position, the state carried on",
        "tokens read before (each point: from the one to its left up to here)",
        "perplexity (bars: one standard error)",
        [.. entries.Select(entry => new ChartLine(
            entry.Model,
            [.. entry.Buckets.Select(bucket => ((double)bucket.Last, bucket.Perplexity, bucket.Perplexity * (bucket.StandardError ?? 0)))]))],
        LogarithmicY: true);

    private static ChartPanel[] Recall(string text, RecallKind kind, RecallEntry[] entries)
    {
        var title = $"{text}: recall of a planted {kind.ToString().ToLowerInvariant()}";
        const string distance = "tokens back";
        return
        [
            new ChartPanel(
                title,
                distance,
                "accuracy (bars: one standard error)",
                Lines(entries, point => (point.Distance, point.Accuracy, point.AccuracyError)),
                (entries[0].ChanceLevel, FormattableString.Invariant($"guessing among {entries[0].Candidates}"))),
            new ChartPanel(
                title,
                distance,
                "nats that planting adds (bars: one standard error)",
                Lines(entries, point => (point.Distance, point.Lift, point.LiftError ?? 0)),
                (0, "no recall")),
        ];
    }

    private static ChartLine[] Lines(RecallEntry[] entries, Func<RecallPoint, (double, double, double)> pointOf) =>
        [.. entries.Select(entry => new ChartLine(entry.Model, [.. entry.Points.Select(pointOf)]))];
}
