using System.Text.Json;
using Cottention.Inference.Runners;
using Cottention.Inference.Runners.Cpu;

namespace Cottention.Conformance;

/// <summary>
/// What every <see cref="IModelRunner"/> promises: the reference's numbers, and the same bits however tokens are split
/// over plans and whoever shares a plan.
/// </summary>
public abstract partial class ModelRunnerConformance
{
    private const double StateTolerance = 1e-5;

    /// <summary>Prompts with the reference's results.</summary>
    protected virtual IReadOnlyList<GoldenPrompt> Prompts => GoldenPrompt.All;

    /// <summary>How many of the reference's greedy tokens the runner finds; rounded weights find fewer.</summary>
    protected virtual int GreedyTokens => int.MaxValue;

    /// <summary>How the runner rounds weights, and with integers activations too: its reference does the same.</summary>
    protected virtual WeightFormat Weights => WeightFormat.F32;

    /// <summary>
    /// How many times farther than a float32 runner this one is from the float64 model. Of a quantised one, an activation that float32
    /// and float64 round to different integers moves everything after it.
    /// </summary>
    protected virtual double ToleranceFactor => Weights.IsQuantized() ? 200 : 1;

    /// <summary>Tokens that the implementation takes at once where it has such a size; splits are tried around it.</summary>
    protected virtual int Chunk => 16;

    /// <summary>
    /// Most managed bytes that a plan of up to 16 tokens of the tiny model may allocate. 0, unless what lies below makes objects: TorchSharp
    /// makes one an operation. Those must not outlive the plan, which tests of that runner show.
    /// </summary>
    protected virtual long AllocatedBytesOfAPlan => 0;

    /// <summary>A runner with at least these sizes.</summary>
    protected abstract IModelRunner Create(GoldenModel model, int slotCount, int maxRows, int maxTokens);

    [Fact]
    public void Run_GoldenPromptsSingly_LogitsAndStatesEqualReference()
    {
        foreach (var prompt in Prompts)
        {
            using var runner = Create(GoldenModel.Open(prompt.Model), 1, 1, 1);
            var session = new RunnerSession(runner, 0);
            var golden = GoldenFile.Open(prompt.LogitsFile.Folder, prompt.LogitsFile.Name);
            var tokens = GoldenFile.Open(prompt.TokensFile.Folder, prompt.TokensFile.Name).Ints(prompt.TokensName);

            var logits = session.FeedSingly(tokens);

            var positions = prompt.PositionsName is { } name ? golden.Ints(name) : [.. Enumerable.Range(0, tokens.Length)];
            var chosen = positions.SelectMany(p => logits.AsSpan(p * runner.VocabularySize, runner.VocabularySize).ToArray()).ToArray();
            Numerics.AssertClose(golden.Doubles(prompt.LogitsName), chosen, prompt.LogitsTolerance, $"{prompt.Model} {prompt.LogitsName}");
            if (prompt.StateName is { } state)
                Numerics.AssertClose(golden.Doubles(state), session.State, prompt.StateTolerance, $"{prompt.Model} {state}");
        }
    }

    [Fact]
    public void Run_GreedyTokens_EqualReference()
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(Fixtures.Path("golden", "tiny", "greedy.json")));
        int[] Ids(string name) => json.RootElement.GetProperty(name).EnumerateArray().Select(id => id.GetInt32()).ToArray();
        using var runner = Create(GoldenModel.Open("tiny"), 1, 1, 64);
        var session = new RunnerSession(runner, 0);

        var logits = session.Feed(Ids("prompt_ids"));
        var greedy = new List<int>();
        foreach (var _ in Ids("greedy_ids"))
        {
            greedy.Add(Array.IndexOf(logits, logits.Max()));
            logits = session.Feed(greedy[^1]);
        }

        Assert.Equal(Ids("greedy_ids").Take(GreedyTokens), greedy.Take(GreedyTokens));
    }

    [Fact]
    public void Run_PromptSplitAnywhere_SameBits()
    {
        var tokens = Tokens(4 * Chunk);
        using var runner = Create(GoldenModel.Open("tiny"), 2, 2, tokens.Length);
        var whole = new RunnerSession(runner, 0);
        var expected = whole.Feed(tokens);

        foreach (var split in new[] { 1, Chunk - 1, Chunk, Chunk + 1, (2 * Chunk) + 3, tokens.Length - 1 })
        {
            var session = new RunnerSession(runner, 1);
            session.Feed(tokens.AsSpan(0, split));
            var logits = session.Feed(tokens.AsSpan(split));

            Numerics.AssertSameBits(expected, logits, $"logits split at {split}");
            Numerics.AssertSameBits(whole.State, session.State, $"state split at {split}");
        }
    }

    [Fact]
    public void Run_PromptTokenByToken_SameBitsAsAtOnce()
    {
        var tokens = Tokens((3 * Chunk) + 5);
        using var runner = Create(GoldenModel.Open("tiny"), 2, 2, tokens.Length);
        var whole = new RunnerSession(runner, 0);
        var single = new RunnerSession(runner, 1);

        var expected = whole.Feed(tokens);
        var logits = single.FeedSingly(tokens);

        Numerics.AssertSameBits(expected, logits.AsSpan(^runner.VocabularySize..), "logits");
        Numerics.AssertSameBits(whole.State, single.State, "state");
    }

    [Theory]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(31)]
    [InlineData(32)]
    public void Run_AmongOthers_SameBitsAsAlone(int rows)
    {
        using var runner = Create(GoldenModel.Open("tiny"), rows, rows, 4 * rows);
        var plan = new StepPlan(rows, 4 * rows);
        var logits = new float[rows * runner.VocabularySize];
        var sessions = Enumerable.Range(0, rows).Select(slot => new RunnerSession(runner, slot)).ToArray();
        foreach (var session in sessions)
            session.Feed(Tokens(1 + session.Slot, seed: session.Slot));

        // Rows of 1 to 4 tokens; every third wants no logits.
        foreach (var session in sessions)
            plan.Add(session.Slot, session.Position, Next(session), wantsLogits: session.Slot % 3 != 2);
        runner.Run(plan, logits);

        foreach (ref readonly var row in plan.Rows)
        {
            var state = sessions[row.Slot].State;
            var alone = new RunnerSession(runner, row.Slot);
            alone.Feed(Tokens(1 + row.Slot, seed: row.Slot));
            var expected = alone.Feed(Next(alone));
            Numerics.AssertSameBits(alone.State, state, $"state of row {row.Slot}");
            if (row.LogitsIndex >= 0)
                Numerics.AssertSameBits(
                    expected, logits.AsSpan(row.LogitsIndex * runner.VocabularySize, runner.VocabularySize), $"logits of row {row.Slot}");
        }

        static int[] Next(RunnerSession session) => Tokens(1 + (session.Slot % 4), seed: 1000 + session.Slot);
    }

    [Fact]
    public void Run_32IdenticalPromptsInOnePlan_OneDistinctResult()
    {
        using var runner = Create(GoldenModel.Open("tiny"), 32, 32, 32 * 5);
        var plan = new StepPlan(32, 32 * 5);
        var logits = new float[32 * runner.VocabularySize];
        for (var slot = 0; slot < 32; slot++)
        {
            runner.FillSlot(slot, 0f);
            plan.Add(slot, 0, Tokens(5), wantsLogits: true);
        }

        runner.Run(plan, logits);

        var expected = new RunnerSession(runner, 0).Feed(Tokens(5));
        for (var row = 0; row < 32; row++)
            Numerics.AssertSameBits(expected, logits.AsSpan(row * runner.VocabularySize, runner.VocabularySize), $"row {row}");
    }

    [Fact]
    public void ReadSlotWriteSlot_MidwayIntoAnotherSlot_GoesOnWithSameBits()
    {
        var tokens = Tokens(30);
        using var runner = Create(GoldenModel.Open("d64"), 3, 1, 64);
        var expected = new RunnerSession(runner, 0).Feed(tokens);
        var session = new RunnerSession(runner, 1);
        session.Feed(tokens.AsSpan(0, 17));

        var state = session.State;
        runner.FillSlot(1, float.NaN);
        runner.FillSlot(2, float.NaN);
        runner.WriteSlot(2, state);
        session.Slot = 2;

        Numerics.AssertSameBits(state, session.State, "state");
        Numerics.AssertSameBits(expected, session.Feed(tokens.AsSpan(17)), "logits");
    }

    [Fact]
    public void CopySlot_Midway_BothGoOnWithSameBits()
    {
        var tokens = Tokens(20);
        using var runner = Create(GoldenModel.Open("small-rope-none"), 2, 1, 32);
        var original = new RunnerSession(runner, 0);
        original.Feed(tokens.AsSpan(0, 9));

        runner.FillSlot(1, float.NaN);
        runner.CopySlot(0, 1);
        var expected = original.Feed(tokens.AsSpan(9));
        original.Slot = 1;
        original.Position = 9;

        Numerics.AssertSameBits(expected, original.Feed(tokens.AsSpan(9)), "logits");
    }

    [Fact]
    public void FillSlot_PoisonBesideAndBefore_DoesNotLeak()
    {
        var tokens = Tokens(12);
        using var runner = Create(GoldenModel.Open("tiny"), 3, 1, 32);
        var expected = new RunnerSession(runner, 1).Feed(tokens);

        for (var slot = 0; slot < 3; slot++)
            runner.FillSlot(slot, float.NaN);
        Assert.All(new RunnerSession(runner, 0).State, value => Assert.Equal(0f, value));
        var logits = new RunnerSession(runner, 1).Feed(tokens);

        Numerics.AssertSameBits(expected, logits, "logits");
    }

    [Fact]
    public void Run_PoisonedSlot_LogitsAreNotFinite()
    {
        using var runner = Create(GoldenModel.Open("tiny"), 1, 1, 1);
        var session = new RunnerSession(runner, 0);

        runner.FillSlot(0, float.NaN);

        Assert.All(session.Feed(7), value => Assert.True(float.IsNaN(value)));
    }

    [Fact]
    public void Run_AfterWarmUp_AllocatesNoMoreThanAllowed()
    {
        const int Rounds = 20;
        using var runner = Create(GoldenModel.Open("tiny"), 4, 4, 16);
        var (decode, prefill) = (new StepPlan(4, 16), new StepPlan(4, 16));
        for (var slot = 0; slot < 4; slot++)
        {
            runner.FillSlot(slot, 0f);
            decode.Add(slot, 100, [slot], wantsLogits: true);
            prefill.Add(slot, 0, Tokens(4), wantsLogits: slot == 0);
        }

        var logits = new float[4 * runner.VocabularySize];
        for (var i = 0; i < 3; i++)
        {
            runner.Run(prefill, logits);
            runner.Run(decode, logits);
        }

        var allocated = Allocations.Of(() =>
        {
            for (var i = 0; i < Rounds; i++)
            {
                runner.Run(prefill, logits);
                runner.Run(decode, logits);
            }
        });

        Assert.InRange(allocated, 0, 2 * Rounds * AllocatedBytesOfAPlan);
    }

    [Fact]
    public async Task ReadSlot_EndedOnAnotherThreadWhileStepsGoOn_IsTheStateThatWas()
    {
        const int reads = 6;
        using var runner = Create(GoldenModel.Open("tiny"), reads + 1, 4, 16);
        var sessions = Enumerable.Range(0, reads).Select(slot => new RunnerSession(runner, slot)).ToArray();
        foreach (var session in sessions)
            session.Feed(Tokens(3 + session.Slot));
        var expected = sessions.Select(session => session.State).ToArray();
        var busy = new RunnerSession(runner, reads);
        var under = new Queue<Task<float[]>>();
        var actual = new List<float[]>();
        foreach (var session in sessions)
        {
            int read;
            while ((read = runner.BeginReadSlot(session.Slot)) < 0)
                actual.Add(await under.Dequeue());
            under.Enqueue(Task.Run(() =>
            {
                var state = new float[runner.StateLayout.ElementCount];
                runner.EndReadSlot(read, state);
                return state;
            }));
            busy.Feed(Tokens(2));
        }

        actual.AddRange(await Task.WhenAll(under));
        for (var slot = 0; slot < reads; slot++)
            Numerics.AssertSameBits(expected[slot], actual[slot], $"state of slot {slot}");
    }

    [Theory]
    [InlineData(100_000)]
    [InlineData(1L << 40)]
    [InlineData((1L << 53) + 1)]
    public void Run_LongPositions_EqualTheNaiveModel(long position)
    {
        var model = GoldenModel.Open("tiny_bf16");
        var tokens = Tokens(12);
        using var runner = Create(model, 2, 1, 16);
        var session = new RunnerSession(runner, 0) { Position = position };
        var naive = Weights.IsQuantized()
            ? new CottentionModelNaive<double>(model.Config, new QuantizedWeights(Weights, model.ReadRows).ReadRows) { RoundInputs = QuantizedWeights.RoundInputs }
            : new CottentionModelNaive<double>(model.Config, model.ReadRows);
        naive.Position = position;

        var logits = session.Feed(tokens);
        double[] expected = [];
        foreach (var token in tokens)
            expected = naive.Step(token);

        Numerics.AssertClose(expected, logits, 2e-5 * ToleranceFactor, "logits");
        Numerics.AssertClose(naive.State, session.State, StateTolerance * ToleranceFactor, "state");
    }

    private static int[] Tokens(int count, int seed = 1)
    {
        // Ids below the smallest vocabulary of the golden models.
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(100))];
    }
}
