using Cottention.Inference.Runners;

namespace Cottention.Conformance;

/// <summary>Which rows of logits a plan leaves, and for how long.</summary>
public abstract partial class ModelRunnerConformance
{
    [Fact]
    public void Run_LogitsAfterSeveralTokensOfARow_SameBitsAsSingly()
    {
        var tokens = Tokens((2 * Chunk) + 3);
        using var runner = Create(GoldenModel.Open("tiny"), 3, 64, 3 * tokens.Length);
        var expected = new RunnerSession(runner, 0).FeedSingly(tokens);
        var plan = new StepPlan(3, 3 * tokens.Length);
        int[] wanted = [tokens.Length, 0, 5];
        var logits = new float[wanted.Sum() * runner.VocabularySize];
        for (var slot = 0; slot < wanted.Length; slot++)
        {
            runner.FillSlot(slot, 0f);
            plan.Add(slot, 0, tokens, wanted[slot]);
        }

        runner.Run(plan, logits);

        var all = tokens.Length * runner.VocabularySize;
        Numerics.AssertSameBits(expected, logits.AsSpan(0, all), "all");
        Numerics.AssertSameBits(expected.AsSpan(^(5 * runner.VocabularySize)..), logits.AsSpan(all), "last five");
    }

    [Fact]
    public void Logits_PlanWithoutAnyRunAfter_AreStillThere()
    {
        using var runner = Create(GoldenModel.Open("tiny"), 2, 4, 16);
        var session = new RunnerSession(runner, 0);
        session.Feed(Tokens(3));
        var plan = new StepPlan(2, 16);
        plan.Add(0, 3, Tokens(3), 2);
        var expected = new float[2 * runner.VocabularySize];
        runner.Run(plan, expected);
        session.Clear();
        session.Feed(Tokens(3));

        runner.Run(plan);
        var silent = new StepPlan(1, 4);
        silent.Add(1, 0, Tokens(4), wantsLogits: false);
        runner.Run(silent);

        Numerics.AssertSameBits(expected.AsSpan(runner.VocabularySize), runner.Logits(1), "second row");
        Numerics.AssertSameBits(expected.AsSpan(0, runner.VocabularySize), runner.Logits(0), "first row");
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void Logits_NoSuchRow_Throws(int index)
    {
        using var runner = Create(GoldenModel.Open("tiny"), 1, 4, 16);
        Assert.Throws<ArgumentOutOfRangeException>(() => runner.Logits(0).Length);

        new RunnerSession(runner, 0).Feed(1);

        Assert.Throws<ArgumentOutOfRangeException>(() => runner.Logits(index).Length);
    }
}
