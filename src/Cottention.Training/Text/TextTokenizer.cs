using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.ML.Tokenizers;

namespace Cottention.Training.Text;

/// <summary>
/// Encodes long texts with a trained vocabulary. The tokens are those of Microsoft.ML.Tokenizers, which the server uses;
/// each distinct word is encoded once.
/// </summary>
internal sealed class TextTokenizer
{
    private readonly BpeTokenizer _bpe;
    private readonly string[] _texts;
    private readonly Dictionary<string, ushort[]> _words = [];

    /// <summary>Reads vocab.json and merges.txt.</summary>
    /// <param name="folder">Where they are.</param>
    public TextTokenizer(string folder)
    {
        var vocabulary = Path.Combine(folder, BpeVocabulary.VocabularyFile);
        var merges = Path.Combine(folder, BpeVocabulary.MergesFile);
        var ids = JsonSerializer.Deserialize<Dictionary<string, int>>(File.ReadAllText(vocabulary)) ?? [];
        _texts = [.. ids.OrderBy(token => token.Value).Select(token => token.Key)];
        EndOfText = ids[BpeVocabulary.EndOfText];
        _bpe = BpeTokenizer.Create(new BpeOptions(vocabulary, merges)
        {
            ByteLevel = true,
            PreTokenizer = new RegexPreTokenizer(ByteLevel.Words(), specialTokens: null),
        });
        Fingerprint = SHA256.HashData([.. SHA256.HashData(File.ReadAllBytes(vocabulary)), .. SHA256.HashData(File.ReadAllBytes(merges))]);
    }

    /// <summary>Id of the token that ends a document.</summary>
    public int EndOfText { get; }

    /// <summary>Number of tokens, at most 65,536.</summary>
    public int Size => _texts.Length;

    /// <summary>Hash of both files.</summary>
    public byte[] Fingerprint { get; }

    /// <summary>Adds a text's tokens to a list. Control tokens written out in the text are encoded as plain text.</summary>
    public void Encode(string text, List<ushort> tokens)
    {
        var lookup = _words.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (var match in ByteLevel.Words().EnumerateMatches(text))
        {
            var word = text.AsSpan(match.Index, match.Length);
            ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(lookup, word, out _);
            tokens.AddRange(known ??= [.. _bpe.EncodeToIds(word).Select(id => (ushort)id)]);
        }
    }

    /// <summary>The text of tokens; bytes that are not UTF-8 become U+FFFD.</summary>
    public string Decode(IEnumerable<int> tokens) => Encoding.UTF8.GetString([.. tokens.SelectMany(Bytes)]);

    /// <summary>Bytes of a token's text; 0 for the end of text, which stands for none.</summary>
    public int ByteCount(int token) => token == EndOfText ? 0 : _texts[token].Length;

    private byte[] Bytes(int token) =>
        token == EndOfText ? Encoding.UTF8.GetBytes(BpeVocabulary.EndOfText) : ByteLevel.Decode(_texts[token]);
}
