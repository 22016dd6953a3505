using Cottention.Conformance;
using Cottention.Inference.Engine;
using Cottention.Inference.Runners;
using Cottention.Inference.Tokenization;

namespace Cottention.Inference.Tests.Engine;

public sealed class SchedulerTests
{
    private static readonly TextTokenizer Tokenizer = TextTokenizer.Load(Fixtures.Path("tiny-model"), TestEngine.Golden.Config);
    private readonly PlannedStep _step = new(8, 32);

    private StepPlan Plan => _step.Plan;

    [Fact]
    public void Fill_DecodingAndPrefilling_DecodeRowsComeFirst()
    {
        var prefilling = Prompt(slot: 0, tokens: 10);
        var decoding = Decoding(slot: 1);

        new Scheduler(16).Fill([prefilling, decoding], _step);

        Assert.Equal([1, 0], Plan.Rows.ToArray().Select(row => row.Slot));
        Assert.Equal([1, 10], Plan.Rows.ToArray().Select(row => row.TokenCount));
        Assert.Same(decoding, _step.Generations[0]);
    }

    [Fact]
    public void Fill_PromptLongerThanChunk_WantsLogitsOnlyAtItsEnd()
    {
        var scheduler = new Scheduler(16);
        var generation = Prompt(slot: 0, tokens: 20);

        scheduler.Fill([generation], _step);
        var first = Plan.Rows[0];
        generation.Consume(first.TokenCount);
        scheduler.Fill([generation], _step);
        var second = Plan.Rows[0];

        Assert.Equal((16, -1), (first.TokenCount, first.LogitsIndex));
        Assert.Equal((4, 0), (second.TokenCount, second.LogitsIndex));
    }

    [Fact]
    public void Fill_LongPromptBesideShortOne_BudgetIsShared()
    {
        new Scheduler(1000).Fill([Prompt(0, 1000), Prompt(1, 5), Prompt(2, 1000)], _step);

        Assert.Equal(32, Plan.TokenCount);
        Assert.Contains(Plan.Rows.ToArray(), row => row is { Slot: 1, TokenCount: 5, LogitsIndex: >= 0 });
        Assert.All(Plan.Rows.ToArray().Where(row => row.Slot != 1), row => Assert.InRange(row.TokenCount, 10, 17));
    }

    [Fact]
    public void Fill_BudgetTooSmallForAll_EveryPromptGetsItsTurn()
    {
        var small = new PlannedStep(8, 8);
        var scheduler = new Scheduler(8);
        Generation[] running = [.. Enumerable.Range(0, 8).Select(slot => Prompt(slot, 1000))];
        var served = new int[8];

        for (var step = 0; step < 16; step++)
        {
            scheduler.Fill(running, small);
            foreach (var row in small.Plan.Rows)
                served[row.Slot] += row.TokenCount;
        }

        Assert.All(served, count => Assert.Equal(16, count));
    }

    [Fact]
    public void Fill_ShortPromptBesideAHugeOne_IsConsumedInOneStepAndTheHugeOneMovesOn()
    {
        var scheduler = new Scheduler(128);
        var wide = new PlannedStep(32, 256);
        Generation[] running = [Prompt(0, 100_000), Prompt(1, 128)];

        scheduler.Fill(running, wide);

        Assert.Contains(wide.Plan.Rows.ToArray(), row => row is { Slot: 1, TokenCount: 128, LogitsIndex: >= 0 });
        Assert.Contains(wide.Plan.Rows.ToArray(), row => row is { Slot: 0, TokenCount: 128 });
    }

    [Fact]
    public void Fill_HugePromptBesideDecodersAndNewShortPrompts_NobodyStands()
    {
        const int Steps = 400;
        var scheduler = new Scheduler(64);
        var wide = new PlannedStep(8, 256);
        var huge = Prompt(0, 100_000);
        Generation[] decoding = [Decoding(1), Decoding(2), Decoding(3)];
        var shortPrompt = Prompt(4, 20);
        var (shortDone, shortAge) = (0, 0);
        for (var step = 0; step < Steps; step++)
        {
            scheduler.Fill([huge, .. decoding, shortPrompt], wide);

            Assert.Equal([1, 2, 3], wide.Plan.Rows[..3].ToArray().Select(row => row.Slot));
            // Tokens of the decoding ones wait for one chunk at most.
            Assert.InRange(wide.Plan.TokenCount, 4, 3 + 64);
            var before = huge.RemainingInput.Length;
            Consume(wide);
            Assert.True(huge.RemainingInput.Length <= before - 32, "the huge prompt gets its share");
            shortAge++;
            if (!shortPrompt.RemainingInput.IsEmpty)
                continue;
            Assert.Equal(1, shortAge);
            (shortDone, shortAge, shortPrompt) = (shortDone + 1, 0, Prompt(4, 20));
        }

        Assert.Equal(Steps, shortDone);
    }

    [Fact]
    public void Fill_ManyPrompts_EachIsConsumedWithinTheStepsOfItsShare()
    {
        // The share of each is an eighth: 40 tokens take ten steps of four, or fewer where others need less.
        int[] lengths = [100_000, 40, 5, 100_000, 40, 3, 17, 100_000];
        var scheduler = new Scheduler(32);
        Generation[] running = [.. lengths.Select((length, slot) => Prompt(slot, length))];
        var steps = 0;
        for (; running.Any(generation => generation.RemainingInput.Length is > 0 and < 1000); steps++)
        {
            scheduler.Fill(running, _step);
            Assert.Equal(32, Plan.TokenCount);
            Consume(_step);
        }

        Assert.InRange(steps, 1, 10);
    }

    [Fact]
    public void Fill_MoreGenerationsThanAChunkHasTokens_EveryOneMovesOn()
    {
        Generation[] running = [Decoding(0), .. Enumerable.Range(1, 7).Select(slot => Prompt(slot, 100))];

        new Scheduler(4).Fill(running, _step);

        Assert.Equal([1, 1, 1, 1, 1, 1, 1, 1], Plan.Rows.ToArray().Select(row => row.TokenCount));
    }

    [Fact]
    public void Fill_NothingToDo_PlanIsEmpty()
    {
        new Scheduler(16).Fill([], _step);

        Assert.Equal((0, 0, 0), (Plan.RowCount, Plan.TokenCount, Plan.LogitsCount));
    }

    [Fact]
    public void Fill_ReaderTooFarBehind_SessionIsLeftOut()
    {
        var slow = Decoding(slot: 0, capacity: 4);
        for (var i = 0; i < 3; i++)
            slow.Queue.Write(new TokenItem(1, i, i, float.NaN, 0, 0), "x"u8, []);

        new Scheduler(16).Fill([slow, Decoding(slot: 1)], _step);

        Assert.Equal([1], Plan.Rows.ToArray().Select(row => row.Slot));
    }

    [Fact]
    public void TryFillAhead_TokenIsDrawnInTheStepUnderWay_RowGoesOnFromIt()
    {
        var (decoding, prefilling) = (Awaiting(slot: 3, drawn: true), Prompt(slot: 1, tokens: 100));

        Assert.True(new Scheduler(16).TryFillAhead([prefilling, decoding], _step));

        Assert.Equal([(3, true, 1), (1, false, 16)], Plan.Rows.ToArray().Select(row => (row.Slot, row.IsAhead, row.TokenCount)));
        Assert.Equal(~decoding.AwaitedRow, Plan.Tokens[0]);
        Assert.True(Plan.Rows[0] is { IsProvisional: true, LogitsCount: 1, Position: 2 });
    }

    [Fact]
    public void TryFillAhead_TokenIsSampledOnTheHost_NothingBegins() =>
        Assert.False(new Scheduler(16).TryFillAhead([Awaiting(slot: 3, drawn: true), Awaiting(slot: 4, drawn: false)], _step));

    [Fact]
    public void TryFillAhead_AwaitedTokenIsTheLast_NothingIsPlannedForIt()
    {
        var last = Awaiting(slot: 3, drawn: false, maxTokens: 2);

        Assert.True(new Scheduler(16).TryFillAhead([last, Awaiting(slot: 4, drawn: true)], _step));

        Assert.Equal([4], Plan.Rows.ToArray().Select(row => row.Slot));
    }

    [Fact]
    public void TryFillAhead_NothingToRun_NothingBegins() => Assert.False(new Scheduler(16).TryFillAhead([Awaiting(slot: 3, drawn: true, maxTokens: 2)], _step));

    [Fact]
    public void TryFillAhead_GuessesAreBeingVerified_NothingBegins()
    {
        // Its reader is behind, so that it would not be planned anyway.
        var drafted = Decoding(slot: 3, capacity: 4);
        var step = new PlannedStep(1, 4);
        step.Add(drafted, [7, 8, 9], logitsCount: 3, provisional: true);
        drafted.RowBegun(step.Plan, 0);
        for (var i = 0; i < 3; i++)
            drafted.Queue.Write(new TokenItem(1, i, i, float.NaN, 0, 0), "x"u8, []);
        Assert.True(drafted.IsBlocked);

        Assert.False(new Scheduler(16).TryFillAhead([drafted, Awaiting(slot: 4, drawn: true)], _step));
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(5, true)]
    public void TryFillAhead_GuessesAreLikely_OnlyBeyondTheirWindow(int sessions, bool begins)
    {
        // What repeats itself is guessed, as long as few sessions decode.
        int[] repeated = [.. Enumerable.Range(0, 60).Select(i => 60 + (i % 6))];
        var running = Enumerable.Range(0, sessions).Select(slot => Awaiting(slot, drawn: true, drafts: 7)).ToArray();
        foreach (var generation in running)
            generation.Session.Remember(repeated);

        Assert.Equal(begins, new Scheduler(16).TryFillAhead(running, _step));
    }

    private static void Consume(PlannedStep step)
    {
        for (var i = 0; i < step.Plan.RowCount; i++)
            if (step.Generations[i] is { IsDecoding: false } generation)
                generation.Consume(step.Plan.Rows[i].TokenCount);
    }

    private static Generation Prompt(int slot, int tokens, int capacity = 16)
    {
        var session = new Session(null, Tokenizer.VocabularySize) { Slot = slot };
        return new Generation(session, new GenerationRequest(), new int[tokens], Tokenizer, capacity, null);
    }

    private static Generation Decoding(int slot, int capacity = 16)
    {
        var generation = Prompt(slot, 1, capacity);
        generation.Consume(1);
        generation.OutputTokens = 1;
        generation.SetNext(7);
        return generation;
    }

    // Its token has begun to be consumed by a step that wants two rows of logits; the second is its own.
    private static Generation Awaiting(int slot, bool drawn, int maxTokens = 100, int drafts = 0)
    {
        var session = new Session(null, Tokenizer.VocabularySize) { Slot = slot };
        var generation = new Generation(session, new GenerationRequest { MaxTokens = maxTokens }, new int[1], Tokenizer, 16, null, drafts, DraftCosts.Flat);
        generation.Consume(1);
        generation.OutputTokens = 1;
        generation.SetNext(7);
        var step = new PlannedStep(2, 2);
        step.Add(generation, [1], logitsCount: 1);
        step.Add(generation, generation.RemainingInput, logitsCount: 1);
        if (drawn)
            step.Plan.Draw(1, new RowDraw(0, 1, 0, 0, 0, Tokenizer.VocabularySize));
        generation.RowBegun(step.Plan, 1);
        return generation;
    }
}
