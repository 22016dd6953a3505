using Cottention.Inference.Runners;
using Cottention.Inference.Sampling;

namespace Cottention.Conformance;

/// <summary>The token of a draw by the sampler's exact way, without its estimates.</summary>
public sealed class ExactDraw(int vocabularySize)
{
    private readonly CandidateSet _candidates = new(vocabularySize);

    /// <summary>The token, or -1 where the logits are not finite.</summary>
    public int Token(ReadOnlySpan<float> logits, in RowDraw draw)
    {
        logits = logits[..draw.Live];
        if (!LogitsScan.TryMax(logits, out var max))
            return -1;
        if (draw.Temperature == 0)
            return logits.IndexOf(max);
        if (draw.TopK > 0)
            _candidates.FillTop(logits, max, draw.TopK);
        else
            _candidates.Fill(logits, max);
        _candidates.Weigh(draw.Temperature);
        if (draw.TopP < 1)
            _candidates.KeepNucleus(draw.TopP);
        if (draw.MinP > 0)
            _candidates.KeepProbable(draw.MinP);
        return _candidates.Draw(draw.Uniform);
    }
}
