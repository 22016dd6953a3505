using System.Globalization;
using Cottention.Training.Display;
using Cottention.Training.Evaluation.Recall;

namespace Cottention.Training.Evaluation;

/// <summary>Writes a report as tables.</summary>
internal static class EvaluationTables
{
    /// <summary>Writes all tables that have a row.</summary>
    public static void Write(EvaluationReport report, TextWriter output)
    {
        Write(Perplexity(report), output);
        foreach (var text in report.ByPosition.GroupBy(entry => entry.Text))
        {
            output.WriteLine($"{text.Key}: perplexity by the number of tokens read before");
            output.WriteLine();
            Write(ByPosition([.. text]), output);
        }
        foreach (var plants in report.Recall.GroupBy(entry => (entry.Text, entry.Kind)))
        {
            output.WriteLine(Text($"{plants.Key.Text}: recall of a planted {plants.Key.Kind.ToString().ToLowerInvariant()} by distance; accuracy of guessing: {string.Join(", ", plants.Select(entry => Share(entry.ChanceLevel)).Distinct())}"));
            output.WriteLine();
            Write(Recall([.. plants]), output);
        }
        Write(Agreement(report), output);
    }

    private static void Write(TextTable table, TextWriter output)
    {
        if (table.IsEmpty)
            return;
        table.WriteTo(output);
        output.WriteLine();
    }

    private static TextTable Perplexity(EvaluationReport report)
    {
        var table = new TextTable("model", "text", "way", "runner", "passages", "tokens", "nats", "perplexity", "bits a byte", "word perplexity", "tokens/s");
        foreach (var entry in report.Perplexity)
            table.Add(
                entry.Model,
                entry.Text,
                entry.Way.ToString().ToLowerInvariant(),
                entry.Runner,
                Text($"{entry.Measure.Passages:N0}"),
                Text($"{entry.Measure.Tokens:N0}"),
                Text($"{entry.Nats:F4}"),
                Text($"{entry.Perplexity:F3}"),
                Text($"{entry.BitsPerByte:F4}"),
                Text($"{entry.WordPerplexity:F1}"),
                Text($"{entry.TokensPerSecond:N0}"));
        return table;
    }

    /// <summary>A column for each model and runner. The error is one standard error.</summary>
    private static TextTable ByPosition(PositionEntry[] entries)
    {
        var severalRunners = entries.DistinctBy(entry => entry.Runner).Count() > 1;
        var table = new TextTable(["tokens before", "tokens", .. entries.Select(entry => entry.Label(severalRunners))]);
        var buckets = entries.SelectMany(entry => entry.Buckets).Select(bucket => (bucket.First, bucket.Last)).Distinct().Order();
        foreach (var (first, last) in buckets)
        {
            var row = entries.Select(entry => entry.Buckets.FirstOrDefault(bucket => (bucket.First, bucket.Last) == (first, last))).ToArray();
            table.Add([Text($"{first}-{last}"), Text($"{row.Max(bucket => bucket?.Tokens):N0}"), .. row.Select(Perplexity)]);
        }
        return table;
    }

    private static string Perplexity(PositionBucket? bucket) => bucket switch
    {
        null => "",
        { StandardError: { } error } => Text($"{bucket.Perplexity:F2} +- {bucket.Perplexity * error:F2}"),
        _ => Text($"{bucket.Perplexity:F2}"),
    };

    /// <summary>Three columns for each model and runner. The errors are one standard error.</summary>
    private static TextTable Recall(RecallEntry[] entries)
    {
        var severalRunners = entries.DistinctBy(entry => entry.Runner).Count() > 1;
        var labels = entries.Select(entry => entry.Label(severalRunners));
        var table = new TextTable(["distance", "trials", .. labels.SelectMany(label => new[] { $"{label}: right", $"{label}: gain (nats)", $"{label}: lift (nats)" })]);
        foreach (var distance in entries.SelectMany(entry => entry.Points).Select(point => point.Distance).Distinct().Order())
        {
            var cells = entries.Select(entry => entry.Points.FirstOrDefault(point => point.Distance == distance)).SelectMany(Cells);
            table.Add([Text($"{distance}"), Text($"{entries.Max(entry => entry.Trials)}"), .. cells]);
        }
        return table;
    }

    private static string[] Cells(RecallPoint? point) => point is null
        ? ["", "", ""]
        : [Text($"{Share(point.Accuracy)} +- {Share(point.AccuracyError)}"), WithError(point.Gain, point.GainError), WithError(point.Lift, point.LiftError)];

    private static string WithError(double value, double? error) => error is null ? Text($"{value:F3}") : Text($"{value:F3} +- {error:F3}");

    private static string Share(double share) => Text($"{100 * share:F1} %");

    private static TextTable Agreement(EvaluationReport report)
    {
        var table = new TextTable("model", "text", "measured", "cpu less torch (nats a token)", "largest of a token");
        foreach (var entry in report.Agreement)
            table.Add(entry.Model, entry.Text, entry.What, Text($"{entry.MeanDifference:+0.0e+0;-0.0e+0;0}"), Text($"{entry.LargestDifference:0.0e+0}"));
        return table;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
