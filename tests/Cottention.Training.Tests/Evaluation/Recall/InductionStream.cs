using Cottention.Training.Evaluation;

namespace Cottention.Training.Tests.Evaluation.Recall;

/// <summary>Made by hand: expects what followed the last token when it stood among the last tokens before, and nothing else.</summary>
/// <param name="vocabulary">N.</param>
/// <param name="memory">How many tokens back it remembers.</param>
internal sealed class InductionStream(int vocabulary, int memory) : ITokenStream
{
    /// <summary>Logit of what is expected; the others have 0.</summary>
    public const float Expected = 10;

    private readonly List<int> _tokens = [];
    private int _mark;

    public string Runner => "induction";

    public int VocabularySize => vocabulary;

    public int MaxTokens => 50;

    /// <summary>Tokens read up to each answer.</summary>
    public List<int[]> Asked { get; } = [];

    public void Reset() => _tokens.Clear();

    public void Read(ReadOnlySpan<int> tokens, Span<float> logits)
    {
        Assert.InRange(tokens.Length, 1, MaxTokens);
        _tokens.AddRange(tokens);
        if (logits.Length == 0)
            return;
        Asked.Add([.. _tokens]);
        logits.Clear();
        var last = _tokens.Count - 1;
        for (var i = Math.Max(0, _tokens.Count - memory); i < last; i++)
            if (_tokens[i] == _tokens[last])
                logits[_tokens[i + 1]] = Expected;
    }

    public void Mark() => _mark = _tokens.Count;

    public void Return() => _tokens.RemoveRange(_mark, _tokens.Count - _mark);

    public void Dispose()
    {
    }
}
