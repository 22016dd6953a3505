using System.Globalization;
using System.Text;

namespace Cottention.Inference.Model;

/// <summary>Builds the one-line refusals of a checkpoint: <c>file: tensor 'name': reason</c>.</summary>
public static class ModelFault
{
    /// <summary>Characters of a name from a file that a message shows; the rest becomes three dots.</summary>
    private const int MaxNameLength = 120;

    /// <summary><see cref="InferenceError.InvalidModel"/> about a file, or about one tensor in it.</summary>
    /// <param name="file">Path or name of the faulty file.</param>
    /// <param name="tensor">The tensor's name; null when the fault is the file's.</param>
    /// <param name="reason">What is wrong, with the value and what is allowed.</param>
    /// <param name="inner">The cause, if another exception was one.</param>
    public static InferenceException Of(string file, string? tensor, string reason, Exception? inner = null)
    {
        var place = tensor is null ? "" : $"tensor '{Shorten(tensor)}': ";
        return new InferenceException(InferenceError.InvalidModel, OneLine($"{file}: {place}{reason}"), inner);
    }

    /// <summary>Text from a file as a message may show it: at most 120 characters.</summary>
    public static string Shorten(string text) =>
        text.Length <= MaxNameLength ? text : string.Concat(text.AsSpan(0, MaxNameLength), "...");

    /// <summary>A shape as messages write it: <c>[300, 64]</c>.</summary>
    public static string ShapeText(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";

    /// <summary>Control characters, line separators and lone surrogates become <c>\uXXXX</c>.</summary>
    private static string OneLine(string text)
    {
        var line = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]))
                line.Append(text[i]).Append(text[++i]);
            else if (char.IsControl(text[i]) || char.IsSurrogate(text[i]) || text[i] is '\u2028' or '\u2029')
                line.Append("\\u").Append(((int)text[i]).ToString("X4", CultureInfo.InvariantCulture));
            else
                line.Append(text[i]);
        return line.ToString();
    }
}
