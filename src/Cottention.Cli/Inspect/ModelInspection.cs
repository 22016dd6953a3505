using System.Globalization;
using Cottention.Inference;
using Cottention.Inference.Model;

namespace Cottention.Cli.Inspect;

/// <summary>Describes a model's folder, or one safetensors file.</summary>
internal static class ModelInspection
{
    /// <summary>A folder, opened and checked as the server does it.</summary>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidModel"/>: it is no model.</exception>
    public static Report OfFolder(string path)
    {
        using var checkpoint = Checkpoint.Open(path);
        var config = checkpoint.Config;
        var report = new Report();
        report.Line("model", checkpoint.Folder);
        report.Line("layers", Text($"{config.LayerCount}, each {config.HeadCount} heads x {config.HeadDim}; embedding {config.EmbeddingSize}, inner {config.InnerSize}"));
        report.Line("vocabulary", Text($"{config.VocabularySize}; begin {Token(config.BosTokenId)}, end {Token(config.EosTokenId)}{(config.TieWordEmbeddings ? "; head tied to the embedding" : "")}"));
        report.Line("positions", Text($"trained on up to {config.TrainedPositions} in a row; rotary {config.RotaryDim} of {config.HeadDim}"));
        report.Line("epsilon", Text($"{config.LayerNormEpsilon}"));
        report.Line("parameters", Text($"{config.ParameterCount:N0}"));
        report.Line("weights", Text($"{Sizes.Text(checkpoint.WeightBytes)}: {Dtypes(checkpoint.TensorNames.Select(checkpoint.DtypeOf))}"));
        report.Line("state", $"{Sizes.Text(StateLayout.Of(config).Bytes)} a session at any length");
        report.Line("chat", ChatFormat.Read(path) is { } chat ? $"{Shown(chat.FirstTurn)}; stop {string.Join(", ", chat.Stop.Select(Shown))}" : $"none ({ChatFormat.FileName})");
        report.Line("fingerprint", checkpoint.Fingerprint);
        AddTensors(report, checkpoint.TensorNames.Select(name => (name, checkpoint.DtypeOf(name), checkpoint.ShapeOf(name), checkpoint.BytesOf(name))));
        return report;
    }

    /// <summary>A file, whatever its tensors mean.</summary>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidModel"/>: it is no safetensors file.</exception>
    public static Report OfFile(string path)
    {
        using var file = SafetensorsFile.Open(path);
        var report = new Report();
        report.Line("file", file.Path);
        report.Line("tensors", Text($"{file.Tensors.Count:N0}: {Dtypes(file.Tensors.Select(t => t.Dtype))}"));
        report.Line("elements", Text($"{file.Tensors.Sum(t => t.ElementCount):N0}"));
        report.Line("data", Sizes.Text(file.Tensors.Sum(t => t.ByteLength)));
        foreach (var (key, value) in file.Metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            report.Line("metadata", $"{ModelFault.Shorten(key)} = {ModelFault.Shorten(value)}");
        AddTensors(report, file.Tensors.Select(t => (t.Name, t.Dtype, t.Shape, t.ByteLength)));
        return report;
    }

    private static void AddTensors(Report report, IEnumerable<(string Name, SafetensorsDtype Dtype, IReadOnlyList<long> Shape, long Bytes)> tensors)
    {
        report.Columns("tensor", "type", "shape", "bytes");
        foreach (var (name, dtype, shape, bytes) in tensors)
            report.Row(name, dtype.FormatName(), ModelFault.ShapeText(shape), Text($"{bytes}"));
    }

    private static string Dtypes(IEnumerable<SafetensorsDtype> dtypes) =>
        string.Join(", ", dtypes.CountBy(d => d).OrderByDescending(d => d.Value).Select(d => Text($"{d.Value} {d.Key.FormatName()}")));

    private static string Shown(string text) => $"'{ModelFault.Shorten(text.ReplaceLineEndings("\\n"))}'";

    private static string Token(int? token) => token?.ToString(CultureInfo.InvariantCulture) ?? "none";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
