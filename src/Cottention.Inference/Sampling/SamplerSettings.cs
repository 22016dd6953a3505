namespace Cottention.Inference.Sampling;

/// <summary>
/// <see cref="SamplingParameters"/> with every default filled in and its lists as arrays, made once per generation on the
/// caller's thread, so that the step thread neither looks up nor allocates. Immutable.
/// </summary>
public sealed class SamplerSettings
{
    /// <summary>Penalty window where the caller gives none, in tokens.</summary>
    public const int DefaultPenaltyWindow = 64;

    /// <summary>Settings of checked parameters.</summary>
    /// <param name="parameters">Within the ranges of <see cref="SamplingParameters.Validate"/>.</param>
    public SamplerSettings(SamplingParameters parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        Temperature = parameters.Temperature ?? 1;
        TopK = parameters.TopK ?? 0;
        TopP = parameters.TopP ?? 1;
        MinP = parameters.MinP ?? 0;
        TypicalP = parameters.TypicalP ?? 1;
        RepetitionPenalty = parameters.RepetitionPenalty ?? 1;
        PresencePenalty = parameters.PresencePenalty ?? 0;
        FrequencyPenalty = parameters.FrequencyPenalty ?? 0;
        PenaltyWindow = parameters.PenaltyWindow ?? DefaultPenaltyWindow;
        Logprobs = parameters.Logprobs;
        BannedTokens = parameters.BannedTokens?.ToArray() ?? [];

        // Ordered, so that the arithmetic does not depend on how the dictionary hashes.
        var bias = parameters.LogitBias?.OrderBy(entry => entry.Key).ToArray() ?? [];
        BiasedTokens = [.. bias.Select(entry => entry.Key)];
        Bias = [.. bias.Select(entry => entry.Value)];
    }

    /// <summary>The best token, always; no chance, no truncation.</summary>
    public bool IsGreedy => Temperature == 0;

    /// <summary>Divides the logits; 0 is greedy.</summary>
    public float Temperature { get; }

    /// <summary>Tokens kept; 0 is all.</summary>
    public int TopK { get; }

    /// <summary>Probability kept; 1 is all.</summary>
    public float TopP { get; }

    /// <summary>Least fraction of the best token's probability; 0 keeps all.</summary>
    public float MinP { get; }

    /// <summary>Probability kept, most typical tokens first; 1 is all.</summary>
    public float TypicalP { get; }

    /// <summary>1 is off.</summary>
    public float RepetitionPenalty { get; }

    /// <summary>0 is off.</summary>
    public float PresencePenalty { get; }

    /// <summary>0 is off.</summary>
    public float FrequencyPenalty { get; }

    /// <summary>Tokens of the window that the penalties look at.</summary>
    public int PenaltyWindow { get; }

    /// <summary>Null: none; n: of the sampled token and of the n most probable ones.</summary>
    public int? Logprobs { get; }

    internal int[] BannedTokens { get; }

    internal int[] BiasedTokens { get; }

    internal float[] Bias { get; }

    /// <summary>Whether a draw needs nothing but logits, temperature, top_k, top_p and min_p, and nothing is reported of it.</summary>
    internal bool IsPlainDraw =>
        Logprobs is null && (TypicalP >= 1 || IsGreedy) && BiasedTokens.Length == 0 && BannedTokens.Length == 0 && !HasPenalties;

    internal bool HasPenalties =>
        PenaltyWindow > 0 && (RepetitionPenalty != 1 || PresencePenalty != 0 || FrequencyPenalty != 0);
}
