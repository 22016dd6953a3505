namespace Cottention.Inference.Sampling;

/// <summary>
/// How the next token is picked, as a caller asks for it: null means the default. Names as in proto/cottention/v1.
/// A request checks it with <see cref="Validate"/> and turns it into <see cref="SamplerSettings"/> once.
/// </summary>
public sealed record SamplingParameters
{
    /// <summary>Most entries of <see cref="LogitBias"/>.</summary>
    public const int MaxLogitBias = 1024;

    /// <summary>Most entries of <see cref="BannedTokens"/>.</summary>
    public const int MaxBannedTokens = 1024;

    /// <summary>Most tokens that <see cref="Logprobs"/> reports beside the sampled one.</summary>
    public const int MaxLogprobs = 20;

    /// <summary>Everything at its default.</summary>
    public static SamplingParameters Default { get; } = new();

    /// <summary>Divides the logits. Default 1, range 0 to 100; 0 takes the best token, ties to the lowest id.</summary>
    public float? Temperature { get; init; }

    /// <summary>Keeps this many best tokens. Default 0 = all; not negative.</summary>
    public int? TopK { get; init; }

    /// <summary>Keeps the best tokens until their probabilities sum to this. Default 1 = all; above 0, up to 1.</summary>
    public float? TopP { get; init; }

    /// <summary>Keeps tokens at least this fraction as probable as the best. Default 0 = all; range 0 to 1.</summary>
    public float? MinP { get; init; }

    /// <summary>Keeps the tokens closest to the expected surprise until they sum to this. Default 1 = all; above 0, up to 1.</summary>
    public float? TypicalP { get; init; }

    /// <summary>Divides the positive and multiplies the negative logits of tokens in the window. Default 1 = off; range 0.1 to 10.</summary>
    public float? RepetitionPenalty { get; init; }

    /// <summary>Subtracted once from the logits of tokens in the window. Default 0 = off; range -2 to 2.</summary>
    public float? PresencePenalty { get; init; }

    /// <summary>Subtracted for each occurrence from the logits of tokens in the window. Default 0 = off; range -2 to 2.</summary>
    public float? FrequencyPenalty { get; init; }

    /// <summary>How many of the session's last tokens the penalties look at. Default 64, range 0 to 256.</summary>
    public int? PenaltyWindow { get; init; }

    /// <summary>Added to the logits of these token ids, before the penalties; -100 to 100 each, at most 1024 entries.</summary>
    public IReadOnlyDictionary<int, float>? LogitBias { get; init; }

    /// <summary>Token ids that are never sampled; at most 1024.</summary>
    public IReadOnlyList<int>? BannedTokens { get; init; }

    /// <summary>Restarts the session's chance from this seed; null leaves it to the session.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Null: no log-probabilities; 0: of the sampled token; 1 to 20: of that many most probable tokens too.</summary>
    public int? Logprobs { get; init; }

    /// <summary>Adds a violation for each field that is out of range.</summary>
    /// <param name="vocabularySize">N, the model's vocabulary: bounds the token ids.</param>
    /// <param name="violations">Where faults are added.</param>
    public void Validate(int vocabularySize, ICollection<FieldViolation> violations) =>
        SamplingRules.Check(this, vocabularySize, violations);
}
