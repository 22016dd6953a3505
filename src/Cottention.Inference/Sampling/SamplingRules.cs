using System.Globalization;

namespace Cottention.Inference.Sampling;

/// <summary>The allowed range of each field of <see cref="SamplingParameters"/>.</summary>
internal static class SamplingRules
{
    public const float MaxTemperature = 100;
    public const float MinRepetitionPenalty = 0.1f;
    public const float MaxRepetitionPenalty = 10;
    public const float MaxPenalty = 2;
    public const float MaxBias = 100;

    public static void Check(SamplingParameters parameters, int vocabularySize, ICollection<FieldViolation> violations)
    {
        InRange(violations, "temperature", parameters.Temperature, 0, MaxTemperature);
        InRange(violations, "top_k", parameters.TopK, 0, int.MaxValue);
        Fraction(violations, "top_p", parameters.TopP);
        InRange(violations, "min_p", parameters.MinP, 0f, 1f);
        Fraction(violations, "typical_p", parameters.TypicalP);
        InRange(violations, "repetition_penalty", parameters.RepetitionPenalty, MinRepetitionPenalty, MaxRepetitionPenalty);
        InRange(violations, "presence_penalty", parameters.PresencePenalty, -MaxPenalty, MaxPenalty);
        InRange(violations, "frequency_penalty", parameters.FrequencyPenalty, -MaxPenalty, MaxPenalty);
        InRange(violations, "penalty_window", parameters.PenaltyWindow, 0, TokenWindow.Capacity);
        InRange(violations, "logprobs", parameters.Logprobs, 0, SamplingParameters.MaxLogprobs);
        CheckBias(parameters.LogitBias, vocabularySize, violations);
        CheckBanned(parameters.BannedTokens, vocabularySize, violations);
    }

    private static void CheckBias(IReadOnlyDictionary<int, float>? bias, int vocabularySize, ICollection<FieldViolation> violations)
    {
        if (bias is null || !CheckCount(violations, "logit_bias", bias.Count, SamplingParameters.MaxLogitBias))
            return;
        foreach (var (id, value) in bias)
        {
            var field = string.Create(CultureInfo.InvariantCulture, $"logit_bias[{id}]");
            if ((uint)id >= (uint)vocabularySize)
                violations.Add(new FieldViolation(field, TokenRange("has token id ", id, vocabularySize)));
            InRange(violations, field, value, -MaxBias, MaxBias);
        }
    }

    private static void CheckBanned(IReadOnlyList<int>? banned, int vocabularySize, ICollection<FieldViolation> violations)
    {
        if (banned is null || !CheckCount(violations, "banned_tokens", banned.Count, SamplingParameters.MaxBannedTokens))
            return;
        for (var i = 0; i < banned.Count; i++)
            if ((uint)banned[i] >= (uint)vocabularySize)
                violations.Add(new FieldViolation(
                    string.Create(CultureInfo.InvariantCulture, $"banned_tokens[{i}]"), TokenRange("is ", banned[i], vocabularySize)));
    }

    private static bool CheckCount(ICollection<FieldViolation> violations, string field, int count, int most)
    {
        if (count <= most)
            return true;
        violations.Add(new FieldViolation(field, string.Create(CultureInfo.InvariantCulture, $"has {count} entries; allowed: 0 to {most}")));
        return false;
    }

    private static string TokenRange(string verb, int id, int vocabularySize) =>
        string.Create(CultureInfo.InvariantCulture, $"{verb}{id}; allowed: 0 to {vocabularySize - 1}");

    private static void InRange(ICollection<FieldViolation> violations, string field, int? value, int low, int high)
    {
        if (value < low || value > high)
            violations.Add(new FieldViolation(field, string.Create(CultureInfo.InvariantCulture, $"is {value}; allowed: {low} to {high}")));
    }

    // Written so that NaN, which compares false with everything, is refused.
    private static void InRange(ICollection<FieldViolation> violations, string field, float? value, float low, float high)
    {
        if (value is { } number && !(number >= low && number <= high))
            violations.Add(new FieldViolation(field, string.Create(CultureInfo.InvariantCulture, $"is {number}; allowed: {low} to {high}")));
    }

    private static void Fraction(ICollection<FieldViolation> violations, string field, float? value)
    {
        if (value is { } number && !(number > 0 && number <= 1))
            violations.Add(new FieldViolation(field, string.Create(CultureInfo.InvariantCulture, $"is {number}; allowed: above 0, up to 1")));
    }
}
