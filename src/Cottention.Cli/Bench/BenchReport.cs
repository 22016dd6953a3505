using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Cottention.Inference.Model;

namespace Cottention.Cli.Bench;

/// <summary>All that a run found, with one Markdown table for people or as JSON.</summary>
/// <param name="Model">The model's name.</param>
/// <param name="Shape">The model's numbers, for people.</param>
/// <param name="Parameters">Number of weights.</param>
/// <param name="Runner">Kernels, weight format, threads.</param>
/// <param name="WeightBytesPerStep">Bytes of weights that a step reads.</param>
/// <param name="StateBytes">Bytes of a session's state.</param>
/// <param name="LoadSeconds">From nothing to a runner that can step.</param>
/// <param name="Machine">Where.</param>
/// <param name="MeasuredAt">When it began.</param>
/// <param name="Rounds">How often.</param>
/// <param name="Works">What was reached.</param>
internal sealed record BenchReport(
    string Model, string Shape, long Parameters, string Runner, long WeightBytesPerStep, long StateBytes, double LoadSeconds,
    Machine Machine, DateTimeOffset MeasuredAt, int Rounds, IReadOnlyList<WorkResult> Works)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly string[] Columns = ["work", "tokens/s", "GB/s", "raw read GB/s", "share of raw", "beside"];

    /// <summary>The shape in words.</summary>
    public static string ShapeOf(ModelConfig config) => Text(
        $"{config.LayerCount} layers x {config.EmbeddingSize}, {config.HeadCount} heads x {config.HeadDim}, inner {config.InnerSize}, vocabulary {config.VocabularySize}");

    /// <summary>The report as JSON, names in snake case, absent numbers null.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <summary>What is measured, for people; known before it is.</summary>
    public void WriteHeadTo(TextWriter output)
    {
        output.WriteLine(Text($"{Model}: {Shape}; {Parameters:N0} parameters"));
        output.WriteLine(Text($"{Runner}; ready in {LoadSeconds:F2} s; a step reads {Sizes.Text(WeightBytesPerStep)} of weights, a session's state is {Sizes.Text(StateBytes)}"));
        output.WriteLine(Text($"{Machine.Processor}, {Machine.Cpus} CPUs; {Machine.System}; {Machine.Runtime}; {MeasuredAt:yyyy-MM-dd HH:mm'Z'}"));
        output.WriteLine(Text($"Medians of {Rounds} rounds. GB/s: weights and states. Ratios are medians of the rounds' ratios."));
        output.WriteLine();
        output.Flush();
    }

    /// <summary>The numbers, for people.</summary>
    public void WriteTableTo(TextWriter output)
    {
        string[][] rows = [Columns, .. Works.Select(Cells)];
        var widths = Columns.Select((_, column) => rows.Max(row => row[column].Length)).ToArray();
        WriteRow(output, rows[0], widths);
        output.WriteLine($"|{string.Join('|', widths.Select((width, column) => column is 0 or 5 ? new string('-', width + 2) : new string('-', width + 1) + ":"))}|");
        foreach (var row in rows[1..])
            WriteRow(output, row, widths);
    }

    private static string[] Cells(WorkResult work) =>
    [
        work.Name,
        Text($"{work.TokensPerSecond:F1}"),
        Text($"{work.GigabytesPerSecond:F1}"),
        Text($"{work.RawReadGigabytesPerSecond:F1}"),
        Text($"{work.ShareOfRawRead:F2}"),
        work.GigaflopsPerSecond is { } gigaflops ? Text($"{gigaflops:F0} GFLOP/s")
            : work.Baseline is { } baseline ? Text($"{work.RatioToBaseline:F3} of {baseline}")
            : "",
    ];

    // Text to the left, numbers to the right.
    private static void WriteRow(TextWriter output, string[] cells, int[] widths) => output.WriteLine(
        $"| {string.Join(" | ", cells.Select((cell, column) => column is 0 or 5 ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column])))} |");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
