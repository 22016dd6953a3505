using Cottention.Training.Text;

namespace Cottention.Training.Evaluation;

/// <summary>What the losses of some passages are divided by.</summary>
/// <param name="Passages">Passages.</param>
/// <param name="Tokens">Tokens that are foretold: all of each passage but its first; the ends of text among them.</param>
/// <param name="Bytes">Bytes of UTF-8 that those tokens stand for; an end of text stands for none.</param>
/// <param name="Words">
/// Words between white space, plus one for each line's end and one for each document's end, as word perplexities on WikiText
/// count them.
/// </param>
internal sealed record TextMeasure(int Passages, long Tokens, long Bytes, long Words)
{
    /// <summary>Measures passages of a text.</summary>
    public static TextMeasure Of(EvaluatedText text, IReadOnlyList<Window> passages, CorpusTokenizer tokenizer)
    {
        var (tokens, bytes, words) = (0L, 0L, 0L);
        foreach (var passage in passages)
        {
            tokens += passage.Counted;
            for (var i = passage.FirstCounted; i < passage.End; i++)
                bytes += tokenizer.ByteCount(text.Tokens[i]);
            words += CountWords(text.Tokens.AsSpan(passage.Start, passage.Length), tokenizer);
        }
        return new TextMeasure(passages.Count, tokens, bytes, words);
    }

    private static long CountWords(ReadOnlySpan<int> tokens, CorpusTokenizer tokenizer)
    {
        var words = 0L;
        for (var rest = tokens; rest.Length > 0;)
        {
            var end = rest.IndexOf(tokenizer.EndOfText);
            words += CountWords(tokenizer.Decode(end < 0 ? rest : rest[..end])) + (end < 0 ? 0 : 1);
            rest = end < 0 ? [] : rest[(end + 1)..];
        }
        return words;
    }

    private static long CountWords(string text)
    {
        var (words, inWord) = (0L, false);
        foreach (var character in text)
        {
            var space = char.IsWhiteSpace(character);
            if ((!space && !inWord) || character == '\n')
                words++;
            inWord = !space;
        }
        return words;
    }
}
