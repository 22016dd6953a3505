using System.Text;
using System.Text.Json;
using Cottention.Conformance;
using Cottention.Inference.Model;
using Cottention.Inference.Tokenization;

namespace Cottention.Inference.Tests.Tokenization;

/// <summary>Model folders, configurations and random texts for the tests of tokenizers.</summary>
internal static class TokenizerCases
{
    // What is delicate: contractions, blanks, letters and digits in and outside the first plane, marks, halves of pairs.
    private static readonly string[] Fragments =
    [
        "a", "aaaa", "Tom", " the", " ", "  ", "        ", "\n", "\n\n", "\t", "\r\n", "\u00A0", "\u2028", "\u3000", "'", "'s", "'S", "'ll", "'re",
        "1", "100", "²", "Ⅷ", "𝟘", "é", "e\u0301", "日本", "𝐀", "𐍈", "😀", "😁", "👩‍👧", "€", ".", "...", "_", "<|endoftext|>", "\0", "\uFFFD", "\u00AD", "ß", "ﬁ",
    ];

    /// <summary>The small tokenizer's folder.</summary>
    public static string SmallFolder { get; } = Fixtures.Path("tokenizer");

    /// <summary>A configuration of N tokens.</summary>
    public static ModelConfig Config(int vocabularySize, int? bos = null, int? eos = null) => new()
    {
        EmbeddingSize = 64,
        HeadCount = 4,
        LayerCount = 1,
        InnerSize = 256,
        VocabularySize = vocabularySize,
        RotaryDim = 16,
        TrainedPositions = 128,
        BosTokenId = bos,
        EosTokenId = eos,
    };

    /// <summary>The small tokenizer with ids up to 384.</summary>
    public static TextTokenizer LoadSmall() => TextTokenizer.Load(SmallFolder, Config(384, bos: 0, eos: 0));

    /// <summary>The plain encoder of the small tokenizer's files.</summary>
    public static ReferenceBpe SmallReference()
    {
        var vocabulary = File.ReadAllText(Path.Combine(SmallFolder, "vocab.json"));
        var merges = File.ReadAllLines(Path.Combine(SmallFolder, "merges.txt")).Skip(1).Select(line => line.Split(' '));
        return new ReferenceBpe(JsonSerializer.Deserialize<Dictionary<string, int>>(vocabulary)!, merges.Select(pair => (pair[0], pair[1])));
    }

    /// <summary>A text of random fragments and, now and then, a random valid code point.</summary>
    public static string Text(Random random, int fragments)
    {
        var text = new StringBuilder();
        for (var i = 0; i < fragments; i++)
        {
            if (random.Next(10) > 0)
                text.Append(Fragments[random.Next(Fragments.Length)]);
            else if (Rune.TryCreate(random.Next(random.Next(2) == 0 ? 0x300 : 0x20000), out var rune))
                text.Append(rune.ToString());
        }

        return text.ToString();
    }
}
