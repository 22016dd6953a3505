namespace Cottention.Inference.Sampling;

/// <summary>
/// Picks the next token from a row of logits. One per engine, used by its step thread; allocates nothing after construction.
/// </summary>
/// <remarks>
/// Order: (0) tokens that do not exist are left out; NaN and +infinity are reported; (1) log-probabilities are taken;
/// (2) logit bias, repetition, frequency, presence, bans and suppressed tokens; (3) temperature 0: the best token, ties to the
/// lowest id, end; (4) top_k; (5) temperature and softmax; (6) typical_p; (7) top_p; (8) min_p; (9) one uniform draw over
/// what is left, in the order of ids. Each cut looks at the probabilities of what the cuts before it left, renormalised,
/// and keeps at least one token. Temperature before the cuts is Hugging Face's and vLLM's order, and top_k, typical_p,
/// top_p, min_p is llama.cpp's order of the cuts.
/// For the same logits, settings, window, seed and position the token is the same on every machine: sums and exponentials
/// run in a fixed order without the platform's mathematics.
/// </remarks>
public sealed class Sampler
{
    private readonly int _vocabularySize;

    // Logits from here on belong to no token; dead ids below it are masked one by one.
    private readonly int _live;
    private readonly int[] _holes;

    private readonly float[] _edited;
    private readonly double[] _weights;
    private readonly LogitsEditor _editor;
    private readonly CandidateSet _candidates;
    private readonly DrawEstimate _estimate;

    /// <summary>A sampler for rows of N logits.</summary>
    /// <param name="vocabularySize">N.</param>
    /// <param name="deadTokens">Ids that pad the vocabulary and are never sampled.</param>
    public Sampler(int vocabularySize, ReadOnlySpan<int> deadTokens = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(vocabularySize);
        var dead = new bool[vocabularySize];
        foreach (var token in deadTokens)
            dead[token] = true;
        _vocabularySize = vocabularySize;
        _live = Array.LastIndexOf(dead, false) + 1;
        ArgumentOutOfRangeException.ThrowIfZero(_live, nameof(deadTokens));
        _holes = [.. Enumerable.Range(0, _live).Where(token => dead[token])];
        _edited = new float[_live];
        _weights = new double[_live];
        _editor = new LogitsEditor(_live);
        _candidates = new CandidateSet(_live);
        _estimate = new DrawEstimate(_live);
    }

    /// <summary>Ids from here on belong to no token.</summary>
    internal int Live => _live;

    /// <summary>Whether ids below <see cref="Live"/> belong to no token either.</summary>
    internal bool HasHoles => _holes.Length > 0;

    /// <summary>Picks a token.</summary>
    /// <param name="logits">[N] f32, as the model gave them; not changed.</param>
    /// <param name="settings">How to pick.</param>
    /// <param name="suppressed">Further ids that may not be picked now: what ends a generation, before min_tokens.</param>
    /// <param name="window">The session's last tokens, for the penalties.</param>
    /// <param name="random">The session's chance.</param>
    /// <param name="position">Position in the session of the token to be picked: which draw is used.</param>
    /// <param name="top">At least <see cref="SamplerSettings.Logprobs"/> long; gets the most probable tokens, best first, ties to the lowest id.</param>
    /// <param name="sampled">The token, if <see cref="SampleOutcome.Sampled"/>.</param>
    public SampleOutcome Sample(
        ReadOnlySpan<float> logits,
        SamplerSettings settings,
        ReadOnlySpan<int> suppressed,
        TokenWindow window,
        RandomState random,
        long position,
        Span<TokenLogprob> top,
        out SampledToken sampled)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(logits.Length, _vocabularySize, nameof(logits));
        sampled = new SampledToken(-1, float.NaN, 0);
        var raw = Existing(logits);
        if (!LogitsScan.TryMax(raw, out var rawMax))
            return SampleOutcome.NonFiniteLogits;

        var (topCount, rawLogSum) = (0, double.NaN);
        if (settings.Logprobs is { } count)
        {
            rawLogSum = PortableMath.Log(Softmax.Weigh(raw, rawMax, 1, _weights));
            topCount = TopLogprobs.Collect(raw, rawMax, rawLogSum, top[..count]);
        }

        if (!TryPick(raw, rawMax, settings, suppressed, window, random, position, out var id))
            return SampleOutcome.NoCandidates;
        sampled = new SampledToken(id, TopLogprobs.Of(logits[id], rawMax, rawLogSum), topCount);
        return SampleOutcome.Sampled;
    }

    private bool TryPick(
        ReadOnlySpan<float> raw,
        float max,
        SamplerSettings settings,
        ReadOnlySpan<int> suppressed,
        TokenWindow window,
        RandomState random,
        long position,
        out int id)
    {
        id = -1;
        var edited = raw;
        if (LogitsEditor.Changes(settings, suppressed, window))
        {
            edited = Edit(raw, settings, suppressed, window);
            if (!LogitsScan.TryMax(edited, out max))
                return false;
        }

        id = settings.IsGreedy ? LogitsScan.IndexOf(edited, max) : Draw(edited, max, settings, random.Uniform(position));
        return true;
    }

    // The row without the ids that pad it; a copy only where there are dead ids between live ones.
    private ReadOnlySpan<float> Existing(ReadOnlySpan<float> logits)
    {
        if (_holes.Length == 0)
            return logits[.._live];
        logits[.._live].CopyTo(_edited);
        LogitsEditor.Mask(_edited, _holes);
        return _edited;
    }

    private ReadOnlySpan<float> Edit(ReadOnlySpan<float> raw, SamplerSettings settings, ReadOnlySpan<int> suppressed, TokenWindow window)
    {
        raw.CopyTo(_edited);
        _editor.Edit(_edited, settings, suppressed, window);
        return _edited;
    }

    private int Draw(ReadOnlySpan<float> logits, float max, SamplerSettings settings, double uniform)
    {
        if (settings.TopK > 0)
            _candidates.FillTop(logits, max, settings.TopK);
        else if (settings.TypicalP >= 1 && _estimate.Draw(logits, max, settings, uniform) is var id and not DrawEstimate.Undecided)
            return id;
        else
            _candidates.Fill(logits, max);
        _candidates.Weigh(settings.Temperature);
        if (settings.TypicalP < 1)
            _candidates.KeepTypical(settings.TypicalP, settings.Temperature);
        if (settings.TopP < 1)
            _candidates.KeepNucleus(settings.TopP);
        if (settings.MinP > 0)
            _candidates.KeepProbable(settings.MinP);
        return _candidates.Draw(uniform);
    }
}
