using System.Diagnostics.Metrics;
using Cottention.Conformance;
using Cottention.Inference.Engine;
using Cottention.Inference.Sampling;

namespace Cottention.Inference.Tests.Engine;

/// <summary>Drafts change how many steps a text takes and nothing else: events and sessions are the same with and without.</summary>
public sealed class SpeculationTests
{
    // Repeats itself, so that drafts begin at once.
    private static readonly int[] Prompt = [.. Enumerable.Range(0, 48).Select(i => 60 + (i % 12))];

    private static readonly Dictionary<string, GenerationRequest> Requests = new()
    {
        ["greedy"] = Request(new() { Temperature = 0 }),
        ["temperature"] = Request(new() { Temperature = 0.4f, TopK = 3 }),
        ["sampled freely"] = Request(new()),
        ["penalties"] = Request(new() { Temperature = 0, RepetitionPenalty = 1.05f, FrequencyPenalty = 0.05f, PenaltyWindow = 64 }),
        ["penalties, sampled"] = Request(new() { Temperature = 0.5f, TopP = 0.9f, RepetitionPenalty = 1.2f, PresencePenalty = 0.3f }),
        ["logprobs"] = Request(new() { Temperature = 0, Logprobs = 3 }),
        ["loop"] = Request(Loop),
        ["loop, held back"] = Request(Loop) with { Stop = [new string('a', 200) + "b", "ab"] },
        ["loop, min tokens"] = Request(Loop) with { StopTokenIds = [64], MinTokens = 21 },
        ["loop, stop string"] = Request(Loop) with { Stop = [new string('a', 9)], MinTokens = 12 },
    };

    public static TheoryData<string, int> Cases
    {
        get
        {
            var cases = new TheoryData<string, int>();
            foreach (var name in Requests.Keys)
                foreach (var drafts in new[] { 1, 3, 7 })
                    cases.Add(name, drafts);
            return cases;
        }
    }

    private static SamplingParameters Loop => new() { Temperature = 0, LogitBias = new Dictionary<int, float> { [64] = 100 } };

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Generate_AnyRequestWithDrafts_SameEventsAndSameSession(string name, int drafts)
    {
        await using var plain = new TestEngine();
        await using var drafting = new TestEngine(options => options.DraftTokens = drafts);

        await SessionPair.AssertSameAsync(plain, drafting, Requests[name]);
    }

    [Fact]
    public async Task Generate_StopStringAnywhere_SameEventsAndSameSession()
    {
        await using var plain = new TestEngine();
        await using var drafting = new TestEngine(options => options.DraftTokens = 7);
        await SessionPair.AssertSameAtStopStringsAsync(plain, drafting, Requests["greedy"]);
    }

    [Fact]
    public async Task Generate_MaxTokensAnywhereInADraft_SameEventsAndSameSession()
    {
        await using var plain = new TestEngine();
        await using var drafting = new TestEngine(options => options.DraftTokens = 7);

        for (var most = 1; most <= 24; most++)
            await SessionPair.AssertSameAsync(plain, drafting, Requests["loop"] with { MaxTokens = most }, $"most-{most}");
    }

    [Fact]
    public async Task Generate_ReaderIsSlow_SameEvents()
    {
        await using var plain = new TestEngine();
        await using var drafting = new TestEngine(options => (options.DraftTokens, options.EventCapacity) = (7, 4));

        await SessionPair.AssertSameAsync(plain, drafting, Requests["loop"]);
    }

    [Fact]
    public async Task Generate_ForkAndRestartAfterDrafts_GoOnTheSame()
    {
        await using var plain = new TestEngine();
        var first = new TestEngine(options => options.DraftTokens = 7);
        await SessionPair.AssertSameAsync(plain, first, Requests["greedy"]);
        foreach (var test in new[] { plain, first })
            await test.Host.ForkAsync("s", "fork", default);

        var second = await first.RestartAsync(options => options.DraftTokens = 3);
        await using var third = await second.RestartAsync();

        foreach (var id in new[] { "s", "fork" })
            SessionPair.AssertSame(await plain.RunAsync(Request(new()) with { SessionId = id, PromptTokens = [] }),
                await third.RunAsync(Request(new()) with { SessionId = id, PromptTokens = [] }), id);
    }

    [Fact]
    public async Task Generate_ManyAtOnce_EachGetsTheTextItGetsWithoutDrafts()
    {
        await using var plain = new TestEngine();
        await using var drafting = new TestEngine(options => options.DraftTokens = 7);
        GenerationRequest[] requests = [.. Requests.Values];
        var alone = new List<List<TokenEvent>>();
        foreach (var request in requests)
            alone.Add(await plain.RunAsync(request));

        // From one row that drafts much to eight that do not draft.
        var crowd = await Task.WhenAll(Enumerable.Range(0, 30).Select(i => drafting.RunAsync(requests[i % requests.Length])));

        for (var i = 0; i < crowd.Length; i++)
            SessionPair.AssertSame(alone[i % requests.Length], crowd[i], $"request {i}");
    }

    [Fact]
    public async Task Generate_Loop_TakesFarFewerStepsThanTokens()
    {
        var steps = 0;
        await using var test = new TestEngine(options => options.DraftTokens = 7, naive: true);
        using var counts = new DraftCounts(test.Metrics);
        test.Naive!.Running = _ => steps++;

        var events = await test.RunAsync(Requests["loop"] with { MaxTokens = 160 });

        Assert.Equal(160, events.Tokens().Length);
        Assert.InRange(steps, 160 / 8, 60);
        Assert.InRange(counts.Accepted, 120, counts.Drafted);
    }

    [Fact]
    public async Task Generate_StepsCostByTheToken_DraftsNothing()
    {
        await using var test = new TestEngine(options => (options.DraftTokens, options.DraftCosts) = (7, new DraftCosts(1, 2, 4, 8)));
        using var counts = new DraftCounts(test.Metrics);

        await test.RunAsync(Requests["loop"]);

        Assert.Equal(0, counts.Drafted);
    }

    [Fact]
    public async Task Step_WithDrafts_AllocatesNothing()
    {
        await using var stepped = new SteppedEngine(TestEngine.NewCpuRunner, Request(Loop) with { Stop = [new string('a', 200) + "b"] }, drafts: 7);
        using var counts = new DraftCounts(stepped.Metrics);
        stepped.Steps(200);

        Assert.Equal(0, Allocations.Of(() => stepped.Steps(100)));
        Assert.True(counts.Accepted > 500, $"{counts.Accepted} accepted");
    }

    private static GenerationRequest Request(SamplingParameters sampling) =>
        new() { PromptTokens = Prompt, MaxTokens = 96, IgnoreEos = true, Sampling = sampling with { Seed = 11 } };

    /// <summary>The draft counters of one engine.</summary>
    private sealed class DraftCounts : IDisposable
    {
        private readonly MeterListener _listener = new();
        private long _drafted;
        private long _accepted;

        public DraftCounts(EngineMetrics metrics)
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter == metrics.Meter && instrument.Name.StartsWith("cottention.draft.", StringComparison.Ordinal))
                    listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<long>((instrument, value, _, _) =>
                Interlocked.Add(ref instrument.Name == "cottention.draft.tokens" ? ref _drafted : ref _accepted, value));
            _listener.Start();
        }

        public long Drafted => Interlocked.Read(ref _drafted);

        public long Accepted => Interlocked.Read(ref _accepted);

        public void Dispose() => _listener.Dispose();
    }
}
