using Cottention.Training.Text;

namespace Cottention.Training.Data;

/// <summary>A source's documents as tokens, one after another; each ends in the end of text.</summary>
/// <param name="Name">The source's name.</param>
/// <param name="Tokens">All tokens.</param>
/// <param name="Starts">Where each document starts, and at the end the number of tokens.</param>
internal sealed record DocumentSet(string Name, ushort[] Tokens, int[] Starts)
{
    public int Count => Starts.Length - 1;

    public ReadOnlySpan<ushort> this[int document] => Tokens.AsSpan(Starts[document]..Starts[document + 1]);

    /// <summary>Reads a source and turns it into tokens.</summary>
    /// <exception cref="InvalidDataException">The source has no document.</exception>
    public static DocumentSet Tokenize(TextSource source, CorpusTokenizer tokenizer)
    {
        var tokens = new List<ushort>();
        var starts = new List<int> { 0 };
        foreach (var document in source.Documents())
        {
            tokenizer.Encode(document, tokens);
            tokens.Add((ushort)tokenizer.EndOfText);
            starts.Add(tokens.Count);
        }
        return starts.Count > 1
            ? new DocumentSet(source.Name, [.. tokens], [.. starts])
            : throw new InvalidDataException($"{source.Path}: holds no document.");
    }
}
