namespace Cottention.Training.Evaluation;

/// <summary>A model to evaluate.</summary>
/// <param name="Name">What tables and charts call it.</param>
/// <param name="Folder">Where it is.</param>
internal sealed record ModelSource(string Name, string Folder)
{
    private const char NameSeparator = '=';

    /// <summary>Reads <c>FOLDER</c>, whose last part is then the name, or <c>NAME=FOLDER</c>.</summary>
    /// <exception cref="FormatException">There is no such folder, or no name; the message says so in one line.</exception>
    public static ModelSource Parse(string text)
    {
        var separator = text.IndexOf(NameSeparator, StringComparison.Ordinal);
        if (separator < 0 || Directory.Exists(text))
            return Of(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(text))), text);
        return Of(text[..separator].Trim(), text[(separator + 1)..]);
    }

    private static ModelSource Of(string name, string folder)
    {
        if (!Directory.Exists(folder))
            throw new FormatException($"--model '{folder}': there is no such folder; write FOLDER or NAME=FOLDER.");
        return name.Length > 0 ? new ModelSource(name, folder) : throw new FormatException($"--model '={folder}': the name is empty; write FOLDER or NAME=FOLDER.");
    }
}
