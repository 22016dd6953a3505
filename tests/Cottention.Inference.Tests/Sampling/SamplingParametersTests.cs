using Cottention.Inference.Sampling;

namespace Cottention.Inference.Tests.Sampling;

public sealed class SamplingParametersTests
{
    private const int VocabularySize = 1000;

    public static TheoryData<string, SamplingParameters, string> Faulty { get; } = new()
    {
        { "temperature", new() { Temperature = float.NaN }, "is NaN; allowed: 0 to 100" },
        { "temperature", new() { Temperature = float.PositiveInfinity }, "is Infinity; allowed: 0 to 100" },
        { "temperature", new() { Temperature = -0.1f }, "is -0.1; allowed: 0 to 100" },
        { "temperature", new() { Temperature = 100.1f }, "is 100.1; allowed: 0 to 100" },
        { "top_k", new() { TopK = -1 }, "is -1; allowed: 0 to 2147483647" },
        { "top_p", new() { TopP = 0 }, "is 0; allowed: above 0, up to 1" },
        { "top_p", new() { TopP = 1.01f }, "is 1.01; allowed: above 0, up to 1" },
        { "top_p", new() { TopP = float.NaN }, "is NaN; allowed: above 0, up to 1" },
        { "min_p", new() { MinP = -0.5f }, "is -0.5; allowed: 0 to 1" },
        { "min_p", new() { MinP = float.NegativeInfinity }, "is -Infinity; allowed: 0 to 1" },
        { "typical_p", new() { TypicalP = -1 }, "is -1; allowed: above 0, up to 1" },
        { "typical_p", new() { TypicalP = 1e30f }, "is 1E+30; allowed: above 0, up to 1" },
        { "repetition_penalty", new() { RepetitionPenalty = 0 }, "is 0; allowed: 0.1 to 10" },
        { "repetition_penalty", new() { RepetitionPenalty = 11 }, "is 11; allowed: 0.1 to 10" },
        { "presence_penalty", new() { PresencePenalty = -2.5f }, "is -2.5; allowed: -2 to 2" },
        { "frequency_penalty", new() { FrequencyPenalty = float.NaN }, "is NaN; allowed: -2 to 2" },
        { "penalty_window", new() { PenaltyWindow = 257 }, "is 257; allowed: 0 to 256" },
        { "penalty_window", new() { PenaltyWindow = -1 }, "is -1; allowed: 0 to 256" },
        { "logprobs", new() { Logprobs = 21 }, "is 21; allowed: 0 to 20" },
        { "logit_bias[123]", new() { LogitBias = new Dictionary<int, float> { [123] = 101 } }, "is 101; allowed: -100 to 100" },
        { "logit_bias[123]", new() { LogitBias = new Dictionary<int, float> { [123] = float.NaN } }, "is NaN; allowed: -100 to 100" },
        { "logit_bias[1000]", new() { LogitBias = new Dictionary<int, float> { [1000] = 1 } }, "has token id 1000; allowed: 0 to 999" },
        { "logit_bias[-1]", new() { LogitBias = new Dictionary<int, float> { [-1] = 1 } }, "has token id -1; allowed: 0 to 999" },
        {
            "logit_bias", new() { LogitBias = Enumerable.Range(0, 1025).ToDictionary(id => id, _ => 1f) }, "has 1025 entries; allowed: 0 to 1024"
        },
        { "banned_tokens[1]", new() { BannedTokens = [1, 1000] }, "is 1000; allowed: 0 to 999" },
        { "banned_tokens[0]", new() { BannedTokens = [int.MinValue] }, "is -2147483648; allowed: 0 to 999" },
        { "banned_tokens", new() { BannedTokens = new int[1025] }, "has 1025 entries; allowed: 0 to 1024" },
    };

    [Theory]
    [MemberData(nameof(Faulty))]
    public void Validate_FaultyField_IsNamedWithItsValueAndRange(string field, SamplingParameters parameters, string description)
    {
        var violations = new List<FieldViolation>();

        parameters.Validate(VocabularySize, violations);

        Assert.Equal([new FieldViolation(field, description)], violations);
    }

    [Fact]
    public void Validate_SeveralFaults_AreReportedTogether()
    {
        var violations = new List<FieldViolation>();

        new SamplingParameters { Temperature = -1, TopP = 2, BannedTokens = [-1, 5, 2000] }.Validate(VocabularySize, violations);

        Assert.Equal(["temperature", "top_p", "banned_tokens[0]", "banned_tokens[2]"], violations.Select(violation => violation.Field));
    }

    [Fact]
    public void Validate_DefaultsAndBorders_AreAllowed()
    {
        var violations = new List<FieldViolation>();
        SamplingParameters[] sound =
        [
            SamplingParameters.Default,
            new()
            {
                Temperature = 0, TopK = 0, TopP = 1, MinP = 0, TypicalP = 1, RepetitionPenalty = 0.1f, PresencePenalty = -2,
                FrequencyPenalty = -2, PenaltyWindow = 0, Logprobs = 0, Seed = 0, BannedTokens = [], LogitBias = new Dictionary<int, float>(),
            },
            new()
            {
                Temperature = 100, TopK = int.MaxValue, TopP = float.Epsilon, MinP = 1, TypicalP = float.Epsilon, RepetitionPenalty = 10,
                PresencePenalty = 2, FrequencyPenalty = 2, PenaltyWindow = 256, Logprobs = 20, Seed = ulong.MaxValue,
                BannedTokens = [.. Enumerable.Range(0, 1000)], LogitBias = Enumerable.Range(0, 1000).ToDictionary(id => id, id => id % 2 == 0 ? 100f : -100),
            },
        ];

        foreach (var parameters in sound)
            parameters.Validate(VocabularySize, violations);

        Assert.Empty(violations);
    }

    [Fact]
    public void Settings_NothingGiven_HaveTheStatedDefaults()
    {
        var settings = new SamplerSettings(SamplingParameters.Default);

        Assert.Equal((1f, 0, 1f, 0f, 1f), (settings.Temperature, settings.TopK, settings.TopP, settings.MinP, settings.TypicalP));
        Assert.Equal((1f, 0f, 0f, 64), (settings.RepetitionPenalty, settings.PresencePenalty, settings.FrequencyPenalty, settings.PenaltyWindow));
        Assert.Null(settings.Logprobs);
        Assert.False(settings.IsGreedy);
    }
}
