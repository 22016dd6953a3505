using Cottention.Inference.Runners;

namespace Cottention.Conformance;

/// <summary>
/// What every runner that runs ahead must do: a step that begins before the one before it has ended gives what it would have given
/// after it, to the bit; and a row whose token nobody accepts has never been.
/// </summary>
public abstract class RunAheadConformance
{
    private const int Slots = 5;
    private const int Sessions = 3;

    /// <summary>A runner with at least these sizes that runs ahead.</summary>
    protected abstract IModelRunner Create(GoldenModel model, int slotCount, int maxRows, int maxTokens);

    [Theory]
    [InlineData("tiny", 70)]
    [InlineData("d64", 40)]
    public void Begin_BeforeTheLastStepHasEnded_SameTokensLogitsAndStates(string model, int steps)
    {
        using var runner = Create(GoldenModel.Open(model), Slots, Slots, 64);
        var expected = Enumerable.Range(0, Sessions).Select(slot => new Waited(runner, slot, Prompt(slot), steps)).ToArray();
        var (plan, sessions) = (new StepPlan(Slots, 64), new Ahead[Sessions]);
        for (var slot = 0; slot < Sessions; slot++)
            sessions[slot] = new Ahead(runner, slot);

        // The first step has the prompts, ragged; each one after it begins while the one before is under way.
        for (var slot = 0; slot < Sessions; slot++)
            sessions[slot].AddPrompt(plan, Prompt(slot));
        runner.Begin(plan);
        for (var step = 0; step < steps; step++)
        {
            plan.Clear();
            foreach (var session in sessions)
                session.AddAhead(plan);
            runner.Begin(plan);
            runner.End();
            for (var slot = 0; slot < Sessions; slot++)
            {
                Assert.Equal(expected[slot].Tokens[step], runner.Drawn(slot));
                Numerics.AssertSameBits(expected[slot].Logits[step], runner.Logits(slot), $"logits of slot {slot}, step {step}");
                sessions[slot].Commit();
            }
        }
        runner.End();

        for (var slot = 0; slot < Sessions; slot++)
            Numerics.AssertSameBits(expected[slot].State, StateOf(runner, slot), $"state of slot {slot}");
    }

    [Fact]
    public void Begin_RowsInVain_SessionsGoOnAsIfTheyHadNotBeen()
    {
        using var runner = Create(GoldenModel.Open("tiny"), Slots, Slots, 64);
        var (plain, session) = (new RunnerSession(runner, 0), new Ahead(runner, 1));
        plain.Feed(Prompt(0));
        var plan = new StepPlan(Slots, 64);
        session.AddPrompt(plan, Prompt(0));
        runner.Begin(plan);
        for (var round = 0; round < 50; round++)
        {
            plan.Clear();
            session.AddAhead(plan);
            runner.Begin(plan);
            runner.End();
            // Another token than the one that was drawn, while the row with that one is under way.
            var token = (runner.Drawn(0) + 1 + round) % runner.VocabularySize;
            plan.Clear();
            session.Add(plan, token);
            runner.Begin(plan);
            runner.End();
            runner.End();
            Numerics.AssertSameBits(plain.Feed(token), runner.Logits(0), $"logits of round {round}");
            // And so that there is a step to run ahead of.
            plan.Clear();
            session.Add(plan, 5);
            runner.Begin(plan);
            plain.Position = session.Position - 1;
            _ = plain.Feed(5);
        }
        runner.End();

        Numerics.AssertSameBits(plain.State, StateOf(runner, 1), "state");
    }

    [Fact]
    public void Slots_RowUnderWayThatIsNotCommitted_AreAsBeforeIt()
    {
        using var runner = Create(GoldenModel.Open("tiny"), Slots, Slots, 64);
        var plan = new StepPlan(Slots, 64);
        var plain = new RunnerSession(runner, 4);
        plain.Feed(Prompt(0));
        var before = plain.State;
        Action<Ahead>[] looks =
        [
            session => Numerics.AssertSameBits(before, StateOf(runner, session.Slot), "read"),
            session =>
            {
                runner.CopySlot(session.Slot, 3);
                Numerics.AssertSameBits(before, StateOf(runner, 3), "copy");
            },
            session =>
            {
                runner.WriteSlot(session.Slot, before);
                Numerics.AssertSameBits(before, StateOf(runner, session.Slot), "written");
            },
            session =>
            {
                runner.FillSlot(session.Slot, 0);
                Assert.All(StateOf(runner, session.Slot), value => Assert.Equal(0, value));
            },
        ];
        foreach (var look in looks)
        {
            var session = new Ahead(runner, 1);
            plan.Clear();
            session.AddPrompt(plan, Prompt(0));
            runner.Begin(plan);
            plan.Clear();
            session.AddAhead(plan);
            runner.Begin(plan);

            look(session);

            runner.End();
            runner.End();
        }
    }

    [Fact]
    public void Begin_PlanWithoutLogitsAmidStepsUnderWay_TakesItsPlaceInTheOrder()
    {
        using var runner = Create(GoldenModel.Open("tiny"), Slots, Slots, 64);
        var (plan, silent) = (new StepPlan(Slots, 64), new StepPlan(1, 64));
        var waited = new Waited(runner, 4, Prompt(0), steps: 3);
        var session = new Ahead(runner, 0);
        session.AddPrompt(plan, Prompt(0));
        runner.Begin(plan);
        plan.Clear();
        session.AddAhead(plan);
        runner.Begin(plan);
        for (var position = 0; position < 40; position += 8)
        {
            silent.Clear();
            silent.Add(2, position, Prompt(1).AsSpan(0, 8), wantsLogits: false);
            runner.Begin(silent);
        }

        runner.End();
        session.Commit();
        Assert.Equal(waited.Tokens[0], runner.Drawn(0));
        runner.End();
        Assert.Equal(waited.Tokens[1], runner.Drawn(0));

        var plain = new RunnerSession(runner, 3);
        for (var position = 0; position < 40; position += 8)
            plain.Feed(Prompt(1).AsSpan(0, 8));
        Numerics.AssertSameBits(plain.State, StateOf(runner, 2), "state");
    }

    [Fact]
    public void Begin_OutOfOrder_IsRefusedAndNothingChanges()
    {
        using var runner = Create(GoldenModel.Open("tiny"), Slots, Slots, 64);
        var plan = new StepPlan(Slots, 64);
        var session = new Ahead(runner, 0);
        Assert.Throws<InvalidOperationException>(runner.End);
        plan.AddAhead(0, 0, 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => runner.Begin(plan));

        plan.Clear();
        session.AddPrompt(plan, Prompt(0));
        runner.Begin(plan);
        plan.Clear();
        plan.AddAhead(0, session.Position, 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => runner.Begin(plan));
        plan.Clear();
        session.AddAhead(plan);
        runner.Begin(plan);
        Assert.Throws<InvalidOperationException>(() => runner.Begin(plan));
        Assert.Throws<ArgumentOutOfRangeException>(() => runner.Logits(0).Length);
        runner.End();
        session.Commit();
        Assert.True(runner.Drawn(0) >= 0);
        runner.End();

        var plain = new RunnerSession(runner, 1);
        plain.Feed(Prompt(0));
        plain.Feed(new Waited(runner, 2, Prompt(0), steps: 1).Tokens[0]);
        Numerics.AssertSameBits(plain.State, StateOf(runner, 0), "state");
    }

    private static float[] StateOf(IModelRunner runner, int slot)
    {
        var state = new float[runner.StateLayout.ElementCount];
        runner.ReadSlot(slot, state);
        return state;
    }

    private static int[] Prompt(int seed)
    {
        // Ids below the smallest vocabulary of the golden models; lengths of every kind of row.
        var random = new Random(seed);
        return [.. Enumerable.Range(0, 8 + (7 * seed)).Select(_ => random.Next(100))];
    }

    private static RowDraw Greedy(IModelRunner runner) => new(0, 1, 0, 0, 0, runner.VocabularySize);

    /// <summary>Decodes token by token, each step waited for: what is to be.</summary>
    private sealed class Waited
    {
        public Waited(IModelRunner runner, int slot, int[] prompt, int steps)
        {
            var session = new RunnerSession(runner, slot);
            Logits = new float[steps][];
            Tokens = new int[steps];
            var logits = session.Feed(prompt);
            for (var step = 0; step < steps; step++)
            {
                Logits[step] = logits;
                Tokens[step] = logits.AsSpan().IndexOf(logits.Max());
                logits = session.Feed(Tokens[step]);
            }
            State = session.State;
        }

        public float[][] Logits { get; }

        public int[] Tokens { get; }

        public float[] State { get; }
    }

    /// <summary>A session whose rows run ahead.</summary>
    private sealed class Ahead
    {
        private readonly IModelRunner _runner;
        private int _logits;

        public Ahead(IModelRunner runner, int slot)
        {
            (_runner, Slot) = (runner, slot);
            runner.FillSlot(slot, 0);
        }

        public int Slot { get; }

        public long Position { get; private set; }

        public void AddPrompt(StepPlan plan, int[] prompt) => Add(plan, prompt);

        public void Add(StepPlan plan, params ReadOnlySpan<int> tokens)
        {
            _logits = plan.Add(Slot, Position, tokens, wantsLogits: true);
            plan.Draw(_logits, Greedy(_runner));
            Position += tokens.Length;
        }

        public void AddAhead(StepPlan plan)
        {
            _logits = plan.AddAhead(Slot, Position, _logits);
            plan.Draw(_logits, Greedy(_runner));
        }

        public void Commit()
        {
            _runner.Commit(Slot, 1);
            Position++;
        }
    }
}
