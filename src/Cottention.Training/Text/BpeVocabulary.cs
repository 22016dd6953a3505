using System.Text.Encodings.Web;
using System.Text.Json;

namespace Cottention.Training.Text;

/// <summary>
/// A byte-level BPE vocabulary: the 256 bytes in the order of their characters, then one token for each merge, then
/// <see cref="EndOfText"/> as the last id.
/// </summary>
/// <param name="Merges">Pairs of token texts in <see cref="ByteLevel"/> characters, most important first.</param>
internal sealed record BpeVocabulary(IReadOnlyList<(string Left, string Right)> Merges)
{
    /// <summary>Ends a document.</summary>
    public const string EndOfText = "<|endoftext|>";

    /// <summary>File with the tokens' texts and ids.</summary>
    public const string VocabularyFile = "vocab.json";

    /// <summary>File with the merges, in order.</summary>
    public const string MergesFile = "merges.txt";

    // Keeps the table's characters readable in the file; the file is never put into HTML.
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The 256 single-byte tokens, in the order of their ids.</summary>
    public static IReadOnlyList<string> ByteTokens { get; } = [.. ByteLevel.Characters.Order().Select(c => c.ToString())];

    /// <summary>Number of tokens.</summary>
    public int Size => ByteTokens.Count + Merges.Count + 1;

    /// <summary>Every token's text, in the order of the ids.</summary>
    public IEnumerable<string> Tokens => [.. ByteTokens, .. Merges.Select(merge => merge.Left + merge.Right), EndOfText];

    /// <summary>Writes vocab.json and merges.txt.</summary>
    public void Save(string folder)
    {
        Directory.CreateDirectory(folder);
        var ids = Tokens.Select((text, id) => (text, id)).ToDictionary(token => token.text, token => token.id);
        File.WriteAllText(Path.Combine(folder, VocabularyFile), JsonSerializer.Serialize(ids, Json) + "\n");
        File.WriteAllText(
            Path.Combine(folder, MergesFile),
            "#version: 0.2\n" + string.Concat(Merges.Select(merge => $"{merge.Left} {merge.Right}\n")));
    }
}
