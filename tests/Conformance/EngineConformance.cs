using Cottention.Inference.Engine;
using Cottention.Inference.Runners;
using Cottention.Inference.Sampling;

namespace Cottention.Conformance;

/// <summary>What an engine promises on any runner: a text does not depend on its neighbours, a session goes on on another runner, a step allocates nothing.</summary>
public abstract class EngineConformance
{
    // Repeats itself, so that drafts begin at once.
    private static readonly int[] Prompt = [.. Enumerable.Range(0, 24).Select(i => 60 + (i % 12))];

    private static readonly GenerationRequest[] Requests =
    [
        Request(new() { Temperature = 0 }),
        Request(new()),
        Request(new() { Temperature = 0.6f, TopK = 20 }),
        Request(new() { Temperature = 1.2f, TopP = 0.8f, MinP = 0.02f }),
        Request(new() { Temperature = 0.5f, RepetitionPenalty = 1.2f }),
        Request(new() { Temperature = 0, LogitBias = new Dictionary<int, float> { [64] = 100 } }) with { Stop = [new string('a', 9)], MinTokens = 12 },
    ];

    /// <summary>Most tokens guessed; 0 for a runner without provisional rows.</summary>
    protected virtual int Drafts => 7;

    /// <summary>Most managed bytes of a step; see <see cref="ModelRunnerConformance"/>.</summary>
    protected virtual long AllocatedBytesOfAStep => 0;

    /// <summary>A runner on the tiny model for these sizes.</summary>
    protected abstract IModelRunner Create(EngineOptions options);

    [Fact]
    public async Task Generate_ManyAtOnce_EachGetsTheEventsItGetsAlone()
    {
        await using var alone = NewEngine(drafts: 0);
        await using var crowd = NewEngine(Drafts);
        var expected = new List<List<TokenEvent>>();
        foreach (var request in Requests)
            expected.Add(await alone.RunAsync(request));

        var actual = await Task.WhenAll(Requests.Concat(Requests).Select(request => crowd.RunAsync(request)));

        for (var i = 0; i < actual.Length; i++)
            SessionPair.AssertSame(expected[i % Requests.Length], actual[i], $"request {i}");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Generate_WhetherStepsRunAheadOrNot_SameEventsAndSameSession(int request)
    {
        await using var waiting = NewEngine(drafts: 0, runAhead: false);
        await using var ahead = NewEngine(drafts: 0);

        await SessionPair.AssertSameAsync(waiting, ahead, Requests[request]);
        await SessionPair.AssertSameAtStopStringsAsync(waiting, ahead, Requests[request]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Session_ContinuedOnTheOtherRunner_TextGoesOnAsOnTheCpu(bool cpuFirst)
    {
        var request = Requests[3] with { SessionId = "s", MaxTokens = 16 };
        await using var whole = new TestEngine(Small);
        var first = cpuFirst ? new TestEngine(Small) : NewEngine(drafts: 0);
        foreach (var test in new[] { whole, first })
        {
            await test.Host.CreateAsync("s", 1, default);
            await test.RunAsync(request);
        }

        await using var second = await first.RestartAsync(Small, create: cpuFirst ? Create : TestEngine.NewCpuRunner);

        var more = request with { PromptTokens = [61, 62] };
        Assert.Equal((await whole.RunAsync(more)).Tokens(), (await second.RunAsync(more)).Tokens());
    }

    [Fact]
    public async Task Step_InSteadyState_AllocatesNoMoreThanAllowed()
    {
        const int Steps = 20;
        await using var stepped = new SteppedEngine(Create, Request(new() { Temperature = 0.5f, TopP = 0.9f }), Drafts);
        stepped.Steps(Steps);

        Assert.InRange(Allocations.Of(() => stepped.Steps(Steps)), 0, Steps * AllocatedBytesOfAStep);
    }

    /// <summary>A small engine on this runner.</summary>
    protected TestEngine NewEngine(int drafts, bool runAhead = true) => new(
        options =>
        {
            Small(options);
            (options.DraftTokens, options.RunAhead) = (drafts, runAhead);
        },
        create: Create);

    /// <summary>Sizes for few sessions.</summary>
    protected static void Small(EngineOptions options) => (options.MaxRunning, options.SessionSlots) = (4, 4);

    private static GenerationRequest Request(SamplingParameters sampling) =>
        new() { PromptTokens = Prompt, MaxTokens = 32, IgnoreEos = true, Sampling = sampling with { Seed = 11 } };
}
