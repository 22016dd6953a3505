using System.Text.Encodings.Web;
using System.Text.Json;
using Cottention.Inference.Tokenization;

namespace Cottention.Training.Text;

/// <summary>
/// A byte-level BPE vocabulary: the 256 bytes in the order of their characters, then one token for each merge, then
/// <see cref="EndOfText"/> as the last id.
/// </summary>
/// <param name="Merges">Pairs of token texts in characters of <see cref="ByteAlphabet"/>, most important first.</param>
internal sealed record BpeVocabulary(IReadOnlyList<(string Left, string Right)> Merges)
{
    /// <summary>Ends a document.</summary>
    public const string EndOfText = "<|endoftext|>";

    /// <summary>File with the tokens' texts and ids.</summary>
    public const string VocabularyFile = "vocab.json";

    /// <summary>File with the merges, in order.</summary>
    public const string MergesFile = "merges.txt";

    /// <summary>File that makes the end of text a control token.</summary>
    public const string ConfigFile = "tokenizer_config.json";

    // Keeps the alphabet's characters readable in the file; the file is never put into HTML.
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The 256 single-byte tokens, in the order of their ids.</summary>
    public static IReadOnlyList<string> ByteTokens { get; } =
        [.. Enumerable.Range(0, 256).Select(value => ByteAlphabet.ToChar((byte)value)).Order().Select(character => character.ToString())];

    /// <summary>Number of tokens.</summary>
    public int Size => ByteTokens.Count + Merges.Count + 1;

    /// <summary>Every token's text, in the order of the ids.</summary>
    public IEnumerable<string> Tokens => [.. ByteTokens, .. Merges.Select(merge => merge.Left + merge.Right), EndOfText];

    /// <summary>Number of tokens of a vocabulary in a folder.</summary>
    public static int SizeOf(string folder)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, VocabularyFile)));
        return json.RootElement.EnumerateObject().Count();
    }

    /// <summary>Writes the three files.</summary>
    public void Save(string folder)
    {
        Directory.CreateDirectory(folder);
        var ids = Tokens.Select((text, id) => (text, id)).ToDictionary(token => token.text, token => token.id);
        File.WriteAllText(Path.Combine(folder, VocabularyFile), JsonSerializer.Serialize(ids, Json) + "\n");
        var config = new Dictionary<string, string> { ["tokenizer_class"] = "GPT2Tokenizer", ["bos_token"] = EndOfText, ["eos_token"] = EndOfText };
        File.WriteAllText(Path.Combine(folder, ConfigFile), JsonSerializer.Serialize(config, Json) + "\n");
        // Last: a folder with merges is whole.
        File.WriteAllText(
            Path.Combine(folder, MergesFile),
            "#version: 0.2\n" + string.Concat(Merges.Select(merge => $"{merge.Left} {merge.Right}\n")));
    }
}
