using Cottention.Inference.Runners;

namespace Cottention.Conformance;

/// <summary>What a runner refuses, and that it goes on afterwards.</summary>
public abstract partial class ModelRunnerConformance
{
    [Fact]
    public void Steps_OutOfOrder_AreRefused()
    {
        using var runner = Create(GoldenModel.Open("tiny"), 4, 4, 16);
        var plan = new StepPlan(4, 16);
        plan.Add(0, 0, Tokens(3), wantsLogits: true);
        Assert.Throws<InvalidOperationException>(runner.End);

        runner.Begin(plan);
        if (runner.RunsAhead)
        {
            runner.FillSlot(0, 0);
            runner.Begin(plan);
        }
        Assert.Throws<InvalidOperationException>(() => runner.Begin(plan));

        // A plan that wants no logits has nothing to end, and is never too many.
        plan.Clear();
        plan.Add(1, 0, Tokens(3), wantsLogits: false);
        runner.Begin(plan);
        runner.End();
        if (runner.RunsAhead)
            runner.End();
        Assert.Throws<InvalidOperationException>(runner.End);
        var (expected, actual) = (new float[runner.StateLayout.ElementCount], new float[runner.StateLayout.ElementCount]);
        runner.ReadSlot(0, expected);
        runner.ReadSlot(1, actual);
        Numerics.AssertSameBits(expected, actual, "state");
    }

    [Fact]
    public void Begin_RowAheadWhereNoneMayBe_IsRefused()
    {
        using var runner = Create(GoldenModel.Open("tiny"), 1, 4, 16);
        var plan = new StepPlan(4, 16);
        plan.AddAhead(0, 0, drawnFrom: 0);

        Assert.ThrowsAny<ArgumentException>(() => runner.Begin(plan));
    }

    [Fact]
    public void Run_FaultyPlans_ThrowAndLeaveTheState()
    {
        using var runner = Create(GoldenModel.Open("tiny"), 2, 2, 16);
        var session = new RunnerSession(runner, 0);
        session.Feed(Tokens(3));
        var state = session.State;
        var plan = new StepPlan(runner.SlotCount + 1, runner.MaxTokens + runner.MaxRows + 2);

        Refused<ArgumentOutOfRangeException>(() => plan.Add(runner.SlotCount, 0, [1], wantsLogits: false));
        Refused<ArgumentException>(() =>
        {
            plan.Add(0, 3, [1], wantsLogits: true);
            plan.Add(0, 3, [1], wantsLogits: false);
        });
        Refused<ArgumentOutOfRangeException>(() => plan.Add(0, -1, [1], wantsLogits: false));
        Refused<ArgumentOutOfRangeException>(() => plan.Add(0, 3, new int[runner.MaxTokens + 1], wantsLogits: false));
        Refused<ArgumentOutOfRangeException>(() => plan.Add(0, 3, new int[runner.MaxRows + 1], logitsCount: runner.MaxRows + 1));
        Refused<ArgumentOutOfRangeException>(() => plan.Add(0, 3, [1, runner.VocabularySize], wantsLogits: true));
        Refused<ArgumentOutOfRangeException>(() => plan.Add(0, 3, [-1], wantsLogits: true));
        Refused<ArgumentOutOfRangeException>(() => plan.Add(0, 3, new int[runner.MaxProvisionalTokens + 1], 1, provisional: true));
        Refused<ArgumentOutOfRangeException>(() =>
        {
            for (var slot = 0; slot <= runner.MaxProvisionalRows; slot++)
                plan.Add(slot, 3, [1], 1, provisional: true);
        });

        Numerics.AssertSameBits(state, session.State, "state");

        void Refused<T>(Action fill)
            where T : Exception
        {
            plan.Clear();
            fill();
            Assert.Throws<T>(() => runner.Run(plan));
        }
    }

    [Fact]
    public void Slots_WrongSlotOrLength_Throw()
    {
        using var runner = Create(GoldenModel.Open("tiny"), 2, 1, 1);
        var state = new float[runner.StateLayout.ElementCount];

        foreach (var slot in new[] { -1, runner.SlotCount })
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => runner.ReadSlot(slot, state));
            Assert.Throws<ArgumentOutOfRangeException>(() => runner.WriteSlot(slot, state));
            Assert.Throws<ArgumentOutOfRangeException>(() => runner.FillSlot(slot, 0));
            Assert.Throws<ArgumentOutOfRangeException>(() => runner.CopySlot(0, slot));
            Assert.Throws<ArgumentOutOfRangeException>(() => runner.CopySlot(slot, 0));
            Assert.Throws<ArgumentOutOfRangeException>(() => runner.Commit(slot, 0));
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => runner.ReadSlot(0, state.AsSpan(1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => runner.WriteSlot(0, state.AsSpan(1)));
    }
}
