using Cottention.Conformance;
using Cottention.Inference.Engine;
using Cottention.Inference.Sampling;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cottention.Cuda.Tests;

/// <summary>The runner inside the engine: the CPU runner's text, whatever the settings, and sessions that go from one to the other.</summary>
[NeedsNativeLibrary]
public sealed class CudaEngineTests
{
    // Repeats itself, so that drafts begin at once.
    private static readonly int[] Prompt = [.. Enumerable.Range(0, 24).Select(i => 60 + (i % 12))];

    private static readonly Dictionary<string, GenerationRequest> Requests = new()
    {
        ["greedy"] = Request(new() { Temperature = 0 }),
        ["sampled freely"] = Request(new()),
        ["top_k"] = Request(new() { Temperature = 0.6f, TopK = 20 }),
        ["top_p, min_p"] = Request(new() { Temperature = 1.2f, TopP = 0.8f, MinP = 0.02f }),
        ["penalties"] = Request(new() { Temperature = 0.5f, RepetitionPenalty = 1.2f }),
        ["stop string"] = Request(new() { Temperature = 0, LogitBias = new Dictionary<int, float> { [64] = 100 } }) with { Stop = [new string('a', 9)], MinTokens = 12 },
    };

    public static TheoryData<string, int> Cases
    {
        get
        {
            var cases = new TheoryData<string, int>();
            foreach (var name in Requests.Keys)
                foreach (var drafts in new[] { 0, 7 })
                    cases.Add(name, drafts);
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Generate_AnyRequest_SameTextAsOnTheCpuRunner(string name, int drafts)
    {
        await using var cpu = new TestEngine(Small);
        await using var cuda = NewEngine(drafts);

        var (expected, actual) = (await cpu.RunAsync(Requests[name]), await cuda.RunAsync(Requests[name]));

        Assert.Equal(expected.Tokens(), actual.Tokens());
        Assert.Equal(expected.Text(), actual.Text());
    }

    [Fact]
    public async Task Generate_ManyAtOnce_EachGetsTheEventsItGetsAlone()
    {
        await using var alone = NewEngine(drafts: 0);
        await using var crowd = NewEngine(drafts: 7);
        GenerationRequest[] requests = [.. Requests.Values];
        var expected = new List<List<TokenEvent>>();
        foreach (var request in requests)
            expected.Add(await alone.RunAsync(request));

        var actual = await Task.WhenAll(requests.Concat(requests).Select(request => crowd.RunAsync(request)));

        for (var i = 0; i < actual.Length; i++)
            SessionPair.AssertSame(expected[i % requests.Length], actual[i], $"request {i}");
    }

    [Theory]
    [InlineData("greedy")]
    [InlineData("top_p, min_p")]
    [InlineData("penalties")]
    public async Task Generate_StepsThatRunAhead_SameEventsAndSameSession(string name)
    {
        await using var waiting = NewEngine(drafts: 0, runAhead: false);
        await using var ahead = NewEngine(drafts: 0);

        await SessionPair.AssertSameAsync(waiting, ahead, Requests[name]);
        await SessionPair.AssertSameAtStopStringsAsync(waiting, ahead, Requests[name]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Session_ContinuedOnTheOtherRunner_TextGoesOnAsOnOne(bool cudaFirst)
    {
        var request = Requests["top_p, min_p"] with { SessionId = "s", MaxTokens = 16 };
        await using var whole = new TestEngine(Small);
        var first = cudaFirst ? NewEngine(drafts: 0) : new TestEngine(Small);
        foreach (var test in new[] { whole, first })
        {
            await test.Host.CreateAsync("s", 1, default);
            await test.RunAsync(request);
        }

        await using var second = await first.RestartAsync(Small, create: cudaFirst ? TestEngine.NewCpuRunner : CudaTestRunner.CreateTiny);

        var more = request with { PromptTokens = [61, 62] };
        Assert.Equal((await whole.RunAsync(more)).Tokens(), (await second.RunAsync(more)).Tokens());
    }

    [Fact]
    public async Task Step_OnTheNativeLibrary_AllocatesNothing()
    {
        var options = new EngineOptions { MaxRunning = 2, SessionSlots = 2, TokenBudget = 16, DraftTokens = 7, DraftCosts = DraftCosts.Flat };
        await using var source = new TestEngine(Small);
        using var metrics = new EngineMetrics("tiny");
        var runner = CudaTestRunner.CreateTiny(options);
        await using var engine = new InferenceEngine(source.Model, runner, options, metrics, TimeProvider.System, NullLogger.Instance, start: false);
        var request = Request(new() { Temperature = 0.5f, TopP = 0.9f }) with { MaxTokens = 1_000_000 };
        var generation = new Generation(new Session(null, runner.VocabularySize), request, Prompt, source.Model.Tokenizer, 4096, drained: null,
            options.DraftTokens, engine.DraftCosts);
        engine.TrySubmit(generation);
        Steps(20);

        Assert.Equal(0, Allocations.Of(() => Steps(20)));

        void Steps(int count)
        {
            for (var i = 0; i < count; i++)
                engine.Step();
            // The queue has room for what these steps release.
            Assert.False(generation.Completion.Task.IsCompleted);
        }
    }

    private static GenerationRequest Request(SamplingParameters sampling) =>
        new() { PromptTokens = Prompt, MaxTokens = 32, IgnoreEos = true, Sampling = sampling with { Seed = 11 } };

    private static void Small(EngineOptions options) => (options.MaxRunning, options.SessionSlots) = (4, 4);

    private static TestEngine NewEngine(int drafts, bool runAhead = true) => new(
        options =>
        {
            Small(options);
            (options.DraftTokens, options.RunAhead) = (drafts, runAhead);
        },
        create: CudaTestRunner.CreateTiny);
}
