using System.Globalization;
using System.Text;

namespace Cottention.Training.Comparison;

/// <summary>The comparison as Markdown.</summary>
internal static class ComparisonReport
{
    private const double MiB = 1 << 20;

    /// <summary>All tables, with the paper's figures beside ours.</summary>
    public static string Write(ComparisonResult result)
    {
        var text = new StringBuilder();
        text.AppendLine("# Cosine attention against softmax attention").AppendLine();
        text.AppendLine("Equal sizes, seed, data, order of the data and steps; everything else of the GPT-J block is the same.").AppendLine();
        var options = result.Options;
        text.AppendLine(Line($"Machine: {result.Machine}. Model: {options.Layers} layers, width {options.Width}, {options.Heads} heads, MLP {options.Inner}; {options.Steps} steps of {options.TokensPerStep} tokens, segments of {options.Length}; {options.Optimizer}, seed {options.Seed}, {(options.BFloat16 ? "bfloat16" : "float32")} products.")).AppendLine();
        Quality(text, result.Runs!);
        Speed(text, result.Speeds!);
        Workloads(text, "Training: one sequence of T tokens, forward and back (batch 1, float32)", "T", result.Training!, kept: false, perToken: true);
        Workloads(text, "Generation: one token at a position", "position", result.Generation!, kept: true, perToken: false);
        Workloads(text, "Bidirectional: one layer, every token reads every token, forward and back (8 heads of 64, float32)", "S", result.Bidirectional!, kept: false, perToken: true);
        return text.ToString();
    }

    private static void Quality(StringBuilder text, IReadOnlyList<TrainedRun> runs)
    {
        var sets = runs[0].Losses.Keys.ToArray();
        text.AppendLine("## Validation perplexity").AppendLine();
        text.AppendLine($"| model | parameters | tokens | {string.Join(" | ", sets)} |");
        text.AppendLine($"|---|---|---|{string.Concat(sets.Select(_ => "---|"))}");
        foreach (var run in runs)
            text.AppendLine(Line($"| {run.Name} | {run.Parameters:N0} | {run.Tokens:N0} | {string.Join(" | ", sets.Select(set => Line($"{Math.Exp(run.Losses[set]):F2}")))} |"));
        var softmax = runs.First(run => run.Name == "softmax");
        var cosine = runs.First(run => run.Name == "cosine");
        text.AppendLine(Line($"| cosine / softmax | | | {string.Join(" | ", sets.Select(set => Line($"{Math.Exp(cosine.Losses[set] - softmax.Losses[set]):F3}")))} |"));
        text.AppendLine();
        text.AppendLine("Each row of a validation batch starts at position 0 of a document, with a state of zeros. `cosine-carry` was trained on").AppendLine("rows that carry their state on; the other two never see a position past a segment.").AppendLine();
        text.AppendLine("The paper (arXiv 2409.18747, GPT models) reports perplexity 11.6 against 10.3 at 300M parameters and 9.9 against 9.1 at 1.2B:").AppendLine("cosine / softmax 1.126 and 1.088. Its models are 90 and more times larger and were trained on far more text of another kind;").AppendLine("so only the direction can be compared.").AppendLine();
    }

    private static void Speed(StringBuilder text, IReadOnlyList<SpeedSample> samples)
    {
        text.AppendLine("## Training speed").AppendLine();
        text.AppendLine("Tokens a second, the kinds in turn, and the ratio of each round.").AppendLine();
        text.AppendLine("| round | cosine | softmax | cosine / softmax |").AppendLine("|---|---|---|---|");
        foreach (var (index, sample) in samples.Index())
            text.AppendLine(Line($"| {index + 1} | {sample.CosineTokensPerSecond:N0} | {sample.SoftmaxTokensPerSecond:N0} | {Ratio(sample):F2} |"));
        var median = samples.Select(Ratio).Order().ElementAt(samples.Count / 2);
        text.AppendLine(Line($"| median | | | {median:F2} |")).AppendLine();
    }

    private static double Ratio(SpeedSample sample) => sample.CosineTokensPerSecond / sample.SoftmaxTokensPerSecond;

    private static void Workloads(StringBuilder text, string title, string length, IReadOnlyList<MeasuredWorkload> rows, bool kept, bool perToken)
    {
        var kinds = rows.Select(row => row.Kind).Distinct().ToArray();
        text.AppendLine("## " + title).AppendLine();
        text.AppendLine("Peak is the most memory of a fresh process, above what it had before the work." + (kept ? " Kept is what stays from token to token: a state,\nor keys and values. Softmax appends to them by copying, as libraries do by default; a server that keeps them in place needs about the kept\nmemory alone and less time." : "")).AppendLine();
        var columns = kinds.SelectMany(kind => new[] { $"{kind}: peak MiB", kept ? $"{kind}: kept MiB" : null, perToken ? $"{kind}: us a token" : $"{kind}: ms a token" }).OfType<string>().ToArray();
        text.AppendLine($"| {length} | {string.Join(" | ", columns)} |");
        text.AppendLine($"|---|{string.Concat(columns.Select(_ => "---|"))}");
        foreach (var group in rows.GroupBy(row => row.Tokens))
        {
            var cells = kinds.SelectMany(kind => Cells(group.First(row => row.Kind == kind), kept, perToken));
            text.AppendLine(Line($"| {group.Key:N0} | {string.Join(" | ", cells)} |"));
        }
        text.AppendLine();
    }

    private static IEnumerable<string> Cells(MeasuredWorkload row, bool kept, bool perToken)
    {
        if (row.Result is not { } result)
            return kept ? [row.Reason, "", ""] : [row.Reason, ""];
        var time = perToken ? Line($"{result.Seconds / row.Tokens * 1e6:F1}") : Line($"{result.Seconds * 1e3:F2}");
        return kept
            ? [Line($"{result.PeakBytes / MiB:F0}"), Line($"{result.KeptBytes / MiB:F2}"), time]
            : [Line($"{result.PeakBytes / MiB:F0}"), time];
    }

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
