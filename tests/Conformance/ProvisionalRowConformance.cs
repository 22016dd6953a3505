using Cottention.Inference.Runners;

namespace Cottention.Conformance;

/// <summary>
/// What every <see cref="IModelRunner"/> that takes provisional rows promises: the logits and, after
/// <see cref="IModelRunner.Commit"/>, the state of token-by-token decoding, to the bit, whatever happens to the slot next.
/// </summary>
public abstract class ProvisionalRowConformance
{
    private const int MaxTokens = 8;
    private const int Prefix = 9;
    private const int Draft = 6;

    private static readonly int[] Prompt = Tokens(Prefix, seed: 1);
    private static readonly int[] Drafted = Tokens(Draft, seed: 2);
    private static readonly int[] Rest = Tokens(3, seed: 3);

    /// <summary>A runner with at least these sizes, and two tails of <see cref="MaxTokens"/> tokens.</summary>
    protected abstract IModelRunner Create(GoldenModel model, int slotCount, int maxRows, int maxTokens, int provisionalRows, int provisionalTokens);

    [Theory]
    [InlineData("tiny")]
    [InlineData("d64")]
    [InlineData("small-rope-none")]
    public void Commit_AnyCount_GoesOnWithSameBits(string model)
    {
        using var runner = NewRunner(model);
        var (expected, actual) = (new RunnerSession(runner, 0), new RunnerSession(runner, 1));
        for (var count = 0; count <= Draft; count++)
            foreach (var oneByOne in new[] { false, true })
            {
                Start(expected);
                Start(actual);
                var draftLogits = expected.FeedSingly(Drafted.AsSpan(0, count));
                var logits = actual.FeedProvisional(Drafted);
                actual.Commit(count, oneByOne);
                Numerics.AssertSameBits(draftLogits, logits.AsSpan(0, draftLogits.Length), $"logits of {count} drafted tokens");
                // Half of the cases look at the state first, so that the tail is folded outside of a plan.
                if (oneByOne)
                    Numerics.AssertSameBits(expected.State, actual.State, $"state after {count} committed tokens");

                Numerics.AssertSameBits(expected.FeedSingly(Rest), actual.FeedSingly(Rest), $"logits after {count} committed tokens");
                Numerics.AssertSameBits(expected.State, actual.State, $"state of going on after {count} committed tokens");
            }
    }

    [Fact]
    public void Run_ProvisionalRow_LeavesTheState()
    {
        using var runner = NewRunner();
        var session = Started(runner, 0);
        var before = session.State;

        session.FeedProvisional(Drafted);

        Numerics.AssertSameBits(before, session.State, "state");
    }

    [Fact]
    public void Run_ProvisionalRowsInTurn_SameBitsAsSingly()
    {
        using var runner = NewRunner();
        var (expected, actual) = (Started(runner, 0), Started(runner, 1));
        for (var round = 0; round < 12; round++)
        {
            var tokens = Tokens(1 + (round % MaxTokens), seed: 10 + round);
            var count = (round * 5) % (tokens.Length + 1);

            var logits = actual.FeedProvisional(tokens);
            actual.Commit(count, oneByOne: false);

            var singly = expected.FeedSingly(tokens.AsSpan(0, count));
            Numerics.AssertSameBits(singly, logits.AsSpan(0, singly.Length), $"logits of round {round}");
        }
        Numerics.AssertSameBits(expected.State, actual.State, "state");
    }

    [Fact]
    public void CopySlot_CommittedInPart_CopyHasWhatWasCommittedAndTheOriginalGoesOn()
    {
        using var runner = NewRunner();
        var (expected, actual) = (Started(runner, 0), Started(runner, 1));

        actual.FeedProvisional(Drafted);
        actual.Commit(2, oneByOne: false);
        runner.CopySlot(1, 2);
        actual.Commit(3, oneByOne: false);

        expected.Feed(Drafted.AsSpan(0, 2));
        var copy = new float[runner.StateLayout.ElementCount];
        runner.ReadSlot(2, copy);
        Numerics.AssertSameBits(expected.State, copy, "copy");
        expected.Feed(Drafted.AsSpan(2, 3));
        Numerics.AssertSameBits(expected.State, actual.State, "original");
    }

    [Fact]
    public void FillWriteCopyTo_CommittedTail_IsForgotten()
    {
        using var runner = NewRunner();
        var other = Started(runner, 0).State;
        Action<IModelRunner>[] overwrites =
        [
            r => r.FillSlot(1, 0f),
            r => r.WriteSlot(1, other),
            r => r.CopySlot(0, 1),
        ];
        foreach (var overwrite in overwrites)
        {
            var session = Started(runner, 1);
            session.FeedProvisional(Drafted);
            session.Commit(3, oneByOne: false);

            overwrite(runner);

            Assert.Throws<ArgumentOutOfRangeException>(() => runner.Commit(1, 1));
            var expected = session.State;
            runner.FillSlot(2, float.NaN);
            runner.WriteSlot(2, expected);
            var plain = new RunnerSession(runner, 3) { Slot = 2, Position = session.Position };
            Numerics.AssertSameBits(plain.Feed(Rest), session.Feed(Rest), "logits");
        }
    }

    [Fact]
    public void Run_MoreSlotsWithTailsThanTails_NothingCommittedIsLost()
    {
        const int slots = 6;
        using var runner = Create(GoldenModel.Open("tiny"), slots + 1, 16, 32, 2, MaxTokens);
        var sessions = Enumerable.Range(0, slots).Select(slot => Started(runner, slot)).ToArray();
        foreach (var session in sessions)
        {
            session.FeedProvisional(Drafted);
            session.Commit(session.Slot, oneByOne: false);
        }

        foreach (var session in sessions)
        {
            var expected = Started(runner, slots);
            expected.FeedSingly(Drafted.AsSpan(0, session.Slot));
            Numerics.AssertSameBits(expected.Feed(Rest), session.Feed(Rest), $"logits of slot {session.Slot}");
        }
    }

    [Fact]
    public void Run_ProvisionalAmongOthers_SameBitsAsAlone()
    {
        using var runner = NewRunner();
        var sessions = Enumerable.Range(0, 4).Select(slot => Started(runner, slot)).ToArray();
        // Two slots that hold a committed tail: one goes on with a plain row, one with another provisional row.
        foreach (var session in sessions[..2])
        {
            session.FeedProvisional(Drafted);
            session.Commit(4, oneByOne: false);
        }
        var plan = new StepPlan(4, 32);
        plan.Add(1, sessions[1].Position, Drafted, Draft, provisional: true);
        plan.Add(0, sessions[0].Position, Rest, 1);
        plan.Add(2, sessions[2].Position, Rest, Rest.Length, provisional: true);
        plan.Add(3, sessions[3].Position, Rest, 0);
        var logits = new float[plan.LogitsCount * runner.VocabularySize];

        runner.Run(plan, logits);
        runner.Commit(1, 5);
        runner.Commit(2, 1);

        int[][] fed = [[.. Drafted[..4], .. Rest], [.. Drafted[..4], .. Drafted[..5]], Rest[..1], Rest];
        foreach (var session in sessions)
        {
            var state = session.State;
            var alone = Started(runner, session.Slot);
            alone.FeedSingly(fed[session.Slot]);
            Numerics.AssertSameBits(alone.State, state, $"state of slot {session.Slot}");
        }
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(4)]
    public void Commit_CountOutOfRange_IsRefused(int count)
    {
        using var runner = NewRunner();
        var session = Started(runner, 0);

        session.FeedProvisional(Drafted);
        session.Commit(3, oneByOne: false);

        Assert.Throws<ArgumentOutOfRangeException>(() => runner.Commit(0, count));
    }

    [Fact]
    public void Commit_AfterPlainRow_IsRefused()
    {
        using var runner = NewRunner();
        var session = Started(runner, 0);

        session.FeedProvisional(Drafted);
        session.Feed(Rest);

        Assert.Throws<ArgumentOutOfRangeException>(() => runner.Commit(0, 1));
    }

    /// <summary>A runner with four slots and two tails.</summary>
    protected IModelRunner NewRunner(string model = "tiny") => Create(GoldenModel.Open(model), 4, 16, 32, 2, MaxTokens);

    private static RunnerSession Started(IModelRunner runner, int slot)
    {
        var session = new RunnerSession(runner, slot);
        Start(session);
        return session;
    }

    private static void Start(RunnerSession session)
    {
        session.Clear();
        session.Feed(Prompt);
    }

    private static int[] Tokens(int count, int seed)
    {
        // Ids below the smallest vocabulary of the golden models.
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(100))];
    }
}
