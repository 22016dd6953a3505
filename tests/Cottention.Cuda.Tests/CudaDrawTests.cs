using Cottention.Conformance;
using Cottention.Inference.Runners;

namespace Cottention.Cuda.Tests;

/// <summary>Tokens drawn by the native library are the exact sampler's, or it says that it is not certain.</summary>
[NeedsNativeLibrary]
public sealed class CudaDrawTests
{
    private const int Rows = 16;

    private static readonly Dictionary<string, RowDraw> Draws = new()
    {
        ["greedy"] = new(0, 1, 0, 0, 0, 300),
        ["free"] = new(0, 1, 0, 1, 0, 300),
        ["cold"] = new(0, 1, 0, 0.1f, 0, 300),
        ["hot, few live"] = new(0, 1, 0, 50, 0, 17),
        ["top_p"] = new(0, 0.8f, 0, 0.9f, 0, 300),
        ["min_p"] = new(0, 1, 0.1f, 1.2f, 0, 300),
        ["top_p, min_p"] = new(0, 0.95f, 0.02f, 1.2f, 0, 300),
        ["top_k"] = new(0, 1, 0, 1, 7, 300),
        ["all"] = new(0, 0.9f, 0.05f, 0.7f, 40, 290),
    };

    public static TheoryData<string> Names => [.. Draws.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Run_WithDraws_TokensAreTheExactOnesAndNearlyAllDecided(string name)
    {
        using var runner = CudaTestRunner.Create(GoldenModel.Open("tiny"), new CudaRunnerOptions { SlotCount = Rows, MaxRows = Rows, MaxTokens = 4 * Rows });
        var exact = new ExactDraw(runner.VocabularySize);
        var plan = new StepPlan(Rows, 4 * Rows);
        var (random, decided) = (new Random(7), 0);
        const int Rounds = 8;
        for (var slot = 0; slot < Rows; slot++)
            runner.FillSlot(slot, 0);
        for (var round = 0; round < Rounds; round++)
        {
            plan.Clear();
            for (var slot = 0; slot < Rows; slot++)
                plan.Add(slot, round, [random.Next(runner.VocabularySize)], wantsLogits: true);
            for (var row = 0; row < Rows; row++)
                plan.Draw(row, Draws[name] with { Uniform = random.NextDouble() });

            runner.Run(plan);

            for (var row = 0; row < Rows; row++)
                if (runner.Drawn(row) is >= 0 and var drawn)
                {
                    decided++;
                    Assert.Equal(exact.Token(runner.Logits(row), plan.Draws[row]), drawn);
                }
        }

        Assert.InRange(decided, Rows * Rounds * 9 / 10, Rows * Rounds);
    }

    [Fact]
    public void Run_SomeRowsWithoutDraws_ThoseAreLeftToTheHost()
    {
        using var runner = CudaTestRunner.Create(GoldenModel.Open("tiny"), new CudaRunnerOptions { SlotCount = 3, MaxRows = 8, MaxTokens = 16 });
        var exact = new ExactDraw(runner.VocabularySize);
        var plan = new StepPlan(3, 16);
        for (var slot = 0; slot < 3; slot++)
            runner.FillSlot(slot, 0);
        plan.Add(0, 0, [1, 2, 3], 2);
        plan.Add(1, 0, [4], 0);
        plan.Add(2, 0, [5, 6], 2);
        plan.Draw(1, Draws["greedy"]);
        plan.Draw(2, Draws["greedy"]);

        runner.Run(plan);

        Assert.Equal([-1, exact.Token(runner.Logits(1), plan.Draws[1]), exact.Token(runner.Logits(2), plan.Draws[2]), -1],
            Enumerable.Range(0, 4).Select(runner.Drawn));
        plan.Clear();
        plan.Add(0, 3, [1], wantsLogits: true);
        runner.Run(plan);
        Assert.Equal(-1, runner.Drawn(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => runner.Drawn(1));
    }

    [Fact]
    public void Run_LogitsAreNotFinite_LeavesItToTheHost()
    {
        using var runner = CudaTestRunner.Create(GoldenModel.Open("tiny"), new CudaRunnerOptions { SlotCount = 1, MaxRows = 1, MaxTokens = 1 });
        foreach (var name in new[] { "greedy", "free", "top_p", "top_k" })
        {
            runner.FillSlot(0, float.NaN);
            var plan = new StepPlan(1, 1);
            plan.Add(0, 0, [1], wantsLogits: true);
            plan.Draw(0, Draws[name] with { Uniform = 0.5 });

            runner.Run(plan);

            Assert.Equal(-1, runner.Drawn(0));
        }
    }
}
