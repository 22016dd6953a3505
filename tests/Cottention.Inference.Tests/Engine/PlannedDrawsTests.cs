using Cottention.Conformance;
using Cottention.Inference.Engine;
using Cottention.Inference.Runners;
using Cottention.Inference.Sampling;
using Cottention.Inference.Tokenization;

namespace Cottention.Inference.Tests.Engine;

/// <summary>Draws in the plan: which rows of logits get one, and which chance.</summary>
public sealed class PlannedDrawsTests
{
    private const int Vocabulary = 300;
    private static readonly SamplingParameters Plain = new() { Temperature = 0.7f, TopK = 40, TopP = 0.9f, MinP = 0.05f };

    private static readonly Dictionary<string, SamplingParameters> NotPlain = new()
    {
        ["bias"] = Plain with { LogitBias = new Dictionary<int, float> { [1] = 1 } },
        ["banned"] = Plain with { BannedTokens = [1] },
        ["repetition"] = Plain with { RepetitionPenalty = 1.1f },
        ["presence"] = Plain with { PresencePenalty = 0.1f },
        ["frequency"] = Plain with { FrequencyPenalty = 0.1f },
        ["typical"] = Plain with { TypicalP = 0.9f },
        ["logprobs"] = Plain with { Logprobs = 0 },
    };

    public static TheoryData<string> NotPlainNames => [.. NotPlain.Keys];

    [Fact]
    public void Fill_PlainSettings_EveryRowOfLogitsGetsTheChanceOfItsPosition()
    {
        var generation = Generation(new GenerationRequest { Sampling = Plain, MaxTokens = 9 });
        var plan = new StepPlan(2, 16);
        plan.Add(0, 100, [1, 2, 3, 4], 3, provisional: true);
        plan.Add(1, 7, [1], wantsLogits: false);

        new PlannedDraws(new Sampler(Vocabulary, [299])).Fill(plan, [generation, generation]);

        var random = generation.Session.Random;
        Assert.True(plan.HasDraws);
        Assert.Equal(
            new long[] { 102, 103, 104 }.Select(position => new RowDraw(random.Uniform(position), 0.9f, 0.05f, 0.7f, 40, 299)),
            plan.Draws.ToArray());
    }

    [Theory]
    [MemberData(nameof(NotPlainNames))]
    public void Fill_SettingsThatNeedMore_NoDraw(string name) =>
        Assert.False(Filled(new GenerationRequest { Sampling = NotPlain[name], MaxTokens = 9 }, new Sampler(Vocabulary)).HasDraws);

    [Fact]
    public void Fill_GreedyWithTypicalP_IsPlain() =>
        Assert.True(Filled(new GenerationRequest { Sampling = new() { Temperature = 0, TypicalP = 0.9f }, MaxTokens = 9 }, new Sampler(Vocabulary)).HasDraws);

    [Fact]
    public void Fill_DeadIdsBetweenLiveOnes_NoDraw() =>
        Assert.False(Filled(new GenerationRequest { Sampling = Plain, MaxTokens = 9 }, new Sampler(Vocabulary, [5])).HasDraws);

    [Fact]
    public void Fill_NoTokenWanted_NoDraw() =>
        Assert.False(Filled(new GenerationRequest { Sampling = Plain, MaxTokens = 0 }, new Sampler(Vocabulary)).HasDraws);

    [Fact]
    public void Fill_StopTokensSuppressed_DrawsFromMinTokensOn()
    {
        var request = new GenerationRequest { Sampling = Plain, MaxTokens = 9, MinTokens = 2, StopTokenIds = [3], IgnoreEos = true };

        var plan = Filled(request, new Sampler(Vocabulary));
        var free = Filled(request with { StopTokenIds = [] }, new Sampler(Vocabulary));

        Assert.Equal([false, false, true, true], plan.Draws.ToArray().Select(draw => draw.IsWanted));
        Assert.All(free.Draws.ToArray(), draw => Assert.True(draw.IsWanted));
    }

    [Fact]
    public void Clear_AfterDraws_NoneAreLeft()
    {
        var plan = Filled(new GenerationRequest { Sampling = Plain, MaxTokens = 9 }, new Sampler(Vocabulary));

        plan.Clear();
        plan.Add(0, 0, [1, 2, 3, 4], 4);

        Assert.False(plan.HasDraws);
        Assert.All(plan.Draws.ToArray(), draw => Assert.Equal(default, draw));
    }

    private static StepPlan Filled(GenerationRequest request, Sampler sampler)
    {
        var plan = new StepPlan(1, 16);
        plan.Add(0, 0, [1, 2, 3, 4], 4, provisional: true);
        new PlannedDraws(sampler).Fill(plan, [Generation(request)]);
        return plan;
    }

    private static Generation Generation(GenerationRequest request)
    {
        var tokenizer = TextTokenizer.OfBytes(TestEngine.Golden.Config);
        var session = new Session(null, Vocabulary) { Random = new RandomState(5, 6) };
        return new Generation(session, request, [1], tokenizer, 16, drained: null);
    }
}
