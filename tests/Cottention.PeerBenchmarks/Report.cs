using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using Cottention.Inference.Runners.Cpu;
using Cottention.PeerBenchmarks.Sides;

namespace Cottention.PeerBenchmarks;

/// <summary>The results as Markdown: where and how they were measured, then one table.</summary>
internal static class Report
{
    private const string Header = """
        | work | weights, ours / peer | ours tokens/s | peer tokens/s | ratio (lowest to highest) | must | goal | raw read GB/s | our share of it | MB, ours / peer | rounds |
        |---|---|---|---|---|---|---|---|---|---|---|
        """;

    public static string Of(PeerOptions options, IReadOnlyList<PairResult> results, IReadOnlyList<string> skipped, DateTimeOffset date)
    {
        var text = new StringBuilder();
        Add(text, $"# Cottention and llama.cpp on one machine\n\n");
        Add(text, $"- Machine: {Processor()}, {Environment.ProcessorCount} CPUs, {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9:F0} GB; {RuntimeInformation.OSDescription}\n");
        Add(text, $"- Date: {date:yyyy-MM-dd HH:mm} UTC\n");
        Add(text, $"- Versions: Cottention {Version(typeof(CpuModelRunner))}, .NET {Environment.Version}, LLamaSharp {PeerVersion()} with its CPU backend\n");
        Add(text, $"- llama.cpp's build: {LlamaSide.NativeBuild}\n");
        Add(text, $"- Method: random weights, {options.Threads} threads each, both models in one process; {options.Rounds} rounds of raw read, block of ours, block of the peer's, each block at least {options.Block.TotalSeconds:0.#} s; ");
        Add(text, $"a rate is the median step of a block, a ratio is formed in each round, the table holds medians. {Quiet(options)}\n");
        Add(text, $"- MB: growth of the process's resident memory while a side was loaded and stepped once.\n\n");
        Add(text, $"{Header}\n");
        foreach (var result in results)
            Add(text, $"{Row(result)}\n");
        foreach (var line in skipped)
            Add(text, $"\nLeft out: {line}\n");
        return text.ToString();
    }

    private static string Row(PairResult result)
    {
        var target = Target.Of(result.Work, result.Format);
        var peer = result.Work.Layout is null ? result.Format.Ours.ToString() : result.Format.Peer.ToString();
        var memory = result.Work.Layout is null ? $"{result.OurBytes / 1_000_000} / same" : $"{result.OurBytes / 1_000_000} / {result.PeerBytes / 1_000_000}";
        var must = target is null ? "-" : Text($"{target.Must}{Verdict(result, result.Ratio, target)}");
        var rounds = result.NotQuiet == 0 ? $"{result.Rounds.Count}" : $"{result.Rounds.Count}, {result.NotQuiet} not quiet";
        return Text($"| {result.Work.Title} | {result.Format.Ours} / {peer} | {result.OurRate:F1} | {result.PeerRate:F1} | {result.Ratio:F2} ({result.Ratios[0]:F2} to {result.Ratios[^1]:F2}) | {must} | {target?.Goal ?? double.NaN:0.##} | {result.RawRead / 1e9:F1} | {Share(result)} | {memory} | {rounds} |")
            .Replace("NaN", "-", StringComparison.Ordinal);
    }

    // Only a step of one session does little else than read; it alone has a target.
    private static string Share(PairResult result)
    {
        if (!result.Work.IsDecode)
            return "-";
        var verdict = result.Work.Rows > 1 ? "" : Verdict(result, result.ShareOfRawRead, Target.ShareOfRawRead);
        return Text($"{result.ShareOfRawRead:F2}{verdict}");
    }

    // Other work slows the peer's threads far more than ours: what was measured beside it is no verdict.
    private static string Verdict(PairResult result, double value, Target target) =>
        result.NotQuiet > 0 ? " not judged" : value >= target.Must ? " met" : " **missed**";

    private static string Quiet(PeerOptions options) => QuietMachine.CanWatch
        ? Text($"Before each block the program waits up to {options.Patience.TotalSeconds:0.#} s until the machine is quiet (under {QuietMachine.Limit:P0} of one CPU busy); a round in which other work used more is run again, and counts as not quiet where that did not help; a pair with such rounds is not judged.")
        : "This system does not show what else ran.";

    private static string Processor()
    {
        const string Source = "/proc/cpuinfo";
        var line = File.Exists(Source) ? File.ReadLines(Source).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal)) : null;
        return line is null ? RuntimeInformation.ProcessArchitecture.ToString() : line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
    }

    private static string PeerVersion() => typeof(Report).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .FirstOrDefault(entry => entry.Key == "LLamaSharp")?.Value ?? "of unknown version";

    private static string Version(Type type)
    {
        var version = type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "of unknown version";
        // A commit follows a plus sign, and is long.
        var plus = version.IndexOf('+', StringComparison.Ordinal);
        return plus < 0 ? version : version[..Math.Min(version.Length, plus + 10)];
    }

    private static void Add(StringBuilder text, FormattableString line) => text.Append(Text(line));

    private static string Text(FormattableString line) => line.ToString(CultureInfo.InvariantCulture);
}
