using System.Runtime.InteropServices;
using System.Text;
using Cottention.Inference.Tokenization;

namespace Cottention.Training.Text;

/// <summary>
/// Learns byte-level BPE merges: again and again the most frequent pair of neighbouring tokens becomes one token.
/// Words are counted once, so that a merge costs as much as the words that hold the pair.
/// </summary>
internal sealed class BpeTrainer
{
    private readonly Dictionary<string, long> _counts = [];

    /// <summary>Counts the words of a text.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="times">How often the text counts, at least 1.</param>
    public void Add(string text, long times = 1)
    {
        var lookup = _counts.GetAlternateLookup<ReadOnlySpan<char>>();
        for (int start = 0, length; start < text.Length; start += length)
        {
            length = Gpt2Splitter.PieceLength(text, start);
            CollectionsMarshal.GetValueRefOrAddDefault(lookup, text.AsSpan(start, length), out _) += times;
        }
    }

    /// <summary>Learns a vocabulary. Depends only on the counted words: equal counts are decided by the tokens' ids.</summary>
    /// <param name="size">Most tokens, with the 256 bytes and the end of text; fewer when no pair occurs twice.</param>
    public BpeVocabulary Train(int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, BpeVocabulary.ByteTokens.Count + 1);
        var tokens = BpeVocabulary.ByteTokens.ToList();
        var words = CountedWords();
        var pairs = new PairIndex(words);
        var merges = new List<(string, string)>();
        var known = new HashSet<string>(tokens) { BpeVocabulary.EndOfText };
        while (tokens.Count + 1 < size && pairs.MostFrequent() is var ((left, right), count) && count > 1)
        {
            // Two merges may spell one text; a text is one token.
            if (!known.Add(tokens[left] + tokens[right]))
            {
                pairs.Forbid((left, right));
                continue;
            }
            merges.Add((tokens[left], tokens[right]));
            tokens.Add(tokens[left] + tokens[right]);
            pairs.Merge((left, right), tokens.Count - 1);
        }
        return new BpeVocabulary(merges);
    }

    private List<CountedWord> CountedWords()
    {
        var ids = BpeVocabulary.ByteTokens.Select((text, id) => (text, id)).ToDictionary(token => token.text[0], token => token.id);
        return [.. _counts
            .OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => new CountedWord([.. ByteAlphabet.ToText(Encoding.UTF8.GetBytes(pair.Key)).Select(character => ids[character])], pair.Value))];
    }
}
