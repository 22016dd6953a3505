namespace Cottention.Inference.Sampling;

/// <summary>
/// The changes to logits before sampling, in this order: logit bias, repetition, frequency and presence penalties, bans.
/// </summary>
internal sealed class LogitsEditor
{
    // Occurrences of a token in the window; all 0 between calls.
    private readonly int[] _occurrences;
    private readonly int[] _distinct = new int[TokenWindow.Capacity];

    /// <summary>For rows of <paramref name="vocabularySize"/> logits.</summary>
    public LogitsEditor(int vocabularySize) => _occurrences = new int[vocabularySize];

    /// <summary>Whether a request changes any logit.</summary>
    public static bool Changes(SamplerSettings settings, ReadOnlySpan<int> suppressed, TokenWindow window) =>
        settings.BiasedTokens.Length > 0 || settings.BannedTokens.Length > 0 || suppressed.Length > 0
        || (settings.HasPenalties && window.Count > 0);

    /// <summary>Changes a row of logits <c>[n] f32</c> in place. Ids past its end are skipped.</summary>
    public void Edit(Span<float> logits, SamplerSettings settings, ReadOnlySpan<int> suppressed, TokenWindow window)
    {
        for (var i = 0; i < settings.BiasedTokens.Length; i++)
            if ((uint)settings.BiasedTokens[i] < (uint)logits.Length)
                logits[settings.BiasedTokens[i]] = Bounded(logits[settings.BiasedTokens[i]] + settings.Bias[i]);
        if (settings.HasPenalties)
            Penalise(logits, settings, window);
        Mask(logits, settings.BannedTokens);
        Mask(logits, suppressed);
    }

    /// <summary>Makes tokens impossible.</summary>
    public static void Mask(Span<float> logits, ReadOnlySpan<int> tokens)
    {
        foreach (var token in tokens)
            if ((uint)token < (uint)logits.Length)
                logits[token] = float.NegativeInfinity;
    }

    private void Penalise(Span<float> logits, SamplerSettings settings, TokenWindow window)
    {
        var distinct = 0;
        for (var age = 0; age < Math.Min(window.Count, settings.PenaltyWindow); age++)
        {
            var token = window[age];
            if ((uint)token < (uint)logits.Length && _occurrences[token]++ == 0)
                _distinct[distinct++] = token;
        }

        foreach (var token in _distinct.AsSpan(0, distinct))
        {
            // Repetition: Keskar et al., "CTRL", arXiv 1909.05858, with the sign rule of Hugging Face's processor.
            // Frequency and presence: as in OpenAI's API.
            var logit = logits[token];
            logit = logit > 0 ? logit / settings.RepetitionPenalty : logit * settings.RepetitionPenalty;
            logit -= _occurrences[token] * settings.FrequencyPenalty + settings.PresencePenalty;
            logits[token] = Bounded(logit);
            _occurrences[token] = 0;
        }
    }

    // A finite logit stays below +infinity.
    private static float Bounded(float logit) => Math.Min(logit, float.MaxValue);
}
