using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Cottention.Inference.Model;
using Cottention.Inference.Tokenization;

namespace Cottention.Training.Text;

/// <summary>
/// The server's own tokenizer for long texts: each distinct word is encoded once, and remembered. One thread at a time.
/// </summary>
internal sealed class CorpusTokenizer
{
    private readonly TextTokenizer _tokenizer;
    private readonly Dictionary<string, ushort[]> _words = [];

    private CorpusTokenizer(string folder, TextTokenizer tokenizer, int endOfText)
    {
        _tokenizer = tokenizer;
        EndOfText = endOfText;
        Fingerprint = SHA256.HashData([.. Hash(folder, BpeVocabulary.VocabularyFile), .. Hash(folder, BpeVocabulary.MergesFile)]);
    }

    /// <summary>Id of the token that ends a document.</summary>
    public int EndOfText { get; }

    /// <summary>Number of tokens, at most 65,536.</summary>
    public int Size => _tokenizer.VocabularySize;

    /// <summary>Hash of vocab.json and merges.txt.</summary>
    public byte[] Fingerprint { get; }

    /// <summary>Of an exported model.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="config">Its numbers; its end of text is <see cref="ModelConfig.EosTokenId"/>.</param>
    public static CorpusTokenizer Load(string folder, ModelConfig config) => new(
        folder,
        TextTokenizer.Load(folder, config),
        config.EosTokenId ?? throw new InvalidDataException($"{folder}: the model has no eos_token_id, which ends documents."));

    /// <summary>Of a vocabulary that <see cref="BpeTrainer"/> learnt.</summary>
    /// <param name="folder">Where <see cref="BpeVocabulary.Save"/> wrote it.</param>
    /// <param name="options">The run, for the model's other numbers.</param>
    public static CorpusTokenizer Load(string folder, TrainingOptions options) =>
        Load(folder, options.ModelConfig(BpeVocabulary.SizeOf(folder)));

    /// <summary>Adds a text's tokens to a list. Control tokens written out in the text are plain text.</summary>
    public void Encode(string text, List<ushort> tokens)
    {
        var lookup = _words.GetAlternateLookup<ReadOnlySpan<char>>();
        for (int start = 0, length; start < text.Length; start += length)
        {
            length = Gpt2Splitter.PieceLength(text, start);
            ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(lookup, text.AsSpan(start, length), out _);
            tokens.AddRange(known ??= [.. _tokenizer.Encode(text.Substring(start, length)).Select(id => (ushort)id)]);
        }
    }

    /// <summary>The text of tokens; bytes that are not UTF-8 become U+FFFD, the end of text gives nothing.</summary>
    public string Decode(ReadOnlySpan<int> tokens) => _tokenizer.Decode(tokens);

    /// <summary>Bytes of a token's text; 0 for the end of text, which stands for none.</summary>
    public int ByteCount(int token) => _tokenizer.BytesOf(token).Length;

    private static byte[] Hash(string folder, string file) => SHA256.HashData(File.ReadAllBytes(Path.Combine(folder, file)));
}
