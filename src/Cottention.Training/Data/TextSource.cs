using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace Cottention.Training.Data;

/// <summary>
/// A text file, plain or .gz, whose documents end in a line that is exactly <c>&lt;|endoftext|&gt;</c>. A file without such a
/// line is one document.
/// </summary>
/// <param name="Path">Where it is.</param>
/// <param name="Weight">Its share of the training, relative to the other sources; above 0.</param>
internal sealed record TextSource(string Path, double Weight)
{
    /// <summary>The line that ends a document.</summary>
    public const string DocumentEnd = "<|endoftext|>";

    private const char WeightSeparator = '=';

    /// <summary>Name without folder and without .txt and .gz, for messages and for files made from the source.</summary>
    public string Name => System.IO.Path.GetFileName(Path).Replace(".gz", "", StringComparison.Ordinal).Replace(".txt", "", StringComparison.Ordinal);

    /// <summary>Reads <c>PATH</c> or <c>PATH=WEIGHT</c>.</summary>
    /// <exception cref="FormatException">The weight is no positive number; the message says so in one line.</exception>
    public static TextSource Parse(string text)
    {
        var separator = text.LastIndexOf(WeightSeparator);
        if (separator < 0)
            return new TextSource(text, 1);
        var weight = text[(separator + 1)..];
        return double.TryParse(weight, CultureInfo.InvariantCulture, out var value) && value > 0 && double.IsFinite(value)
            ? new TextSource(text[..separator], value)
            : throw new FormatException($"'{text}': weight '{weight}' is not a number above 0; write PATH or PATH=WEIGHT.");
    }

    /// <summary>The documents in the order of the file, without the newline before the end line. Empty ones are left out; bytes that are not UTF-8 become U+FFFD.</summary>
    public IEnumerable<string> Documents()
    {
        using var file = File.OpenRead(Path);
        using Stream bytes = Path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
        using var reader = new StreamReader(bytes, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: false));
        var document = new StringBuilder();
        while (reader.ReadLine() is { } line)
        {
            if (line != DocumentEnd)
            {
                document.Append(line).Append('\n');
                continue;
            }
            if (Finish(document) is { } finished)
                yield return finished;
        }
        if (Finish(document) is { } last)
            yield return last;
    }

    private static string? Finish(StringBuilder document)
    {
        var text = document.ToString().TrimEnd('\n');
        document.Clear();
        return text.Length > 0 ? text : null;
    }
}
