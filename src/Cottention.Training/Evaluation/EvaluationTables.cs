using System.Globalization;
using Cottention.Training.Display;

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

    private static TextTable Agreement(EvaluationReport report)
    {
        var table = new TextTable("model", "text", "measured", "cpu less torch (nats a token)", "largest of a token");
        foreach (var entry in report.Agreement)
            table.Add(entry.Model, entry.Text, entry.What, Text($"{entry.MeanDifference:+0.0e+0;-0.0e+0;0}"), Text($"{entry.LargestDifference:0.0e+0}"));
        return table;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
