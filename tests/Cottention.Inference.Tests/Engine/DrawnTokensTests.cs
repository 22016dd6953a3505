using Cottention.Conformance;
using Cottention.Inference.Engine;
using Cottention.Inference.Sampling;

namespace Cottention.Inference.Tests.Engine;

/// <summary>A runner that draws saves the way of the logits and changes nothing else: events and sessions are the same with and without.</summary>
public sealed class DrawnTokensTests
{
    // Repeats itself, so that drafts begin at once.
    private static readonly int[] Prompt = [.. Enumerable.Range(0, 48).Select(i => 60 + (i % 12))];

    private static readonly Dictionary<string, GenerationRequest> Requests = new()
    {
        ["greedy"] = Request(new() { Temperature = 0 }),
        ["sampled freely"] = Request(new()),
        ["top_k"] = Request(new() { Temperature = 0.4f, TopK = 3 }),
        ["top_p, min_p"] = Request(new() { Temperature = 1.3f, TopP = 0.8f, MinP = 0.02f }),
        ["typical_p"] = Request(new() { TypicalP = 0.7f }),
        ["penalties"] = Request(new() { Temperature = 0.5f, RepetitionPenalty = 1.2f }),
        ["bias"] = Request(new() { LogitBias = new Dictionary<int, float> { [64] = 5 } }),
        ["logprobs"] = Request(new() { Logprobs = 3 }),
        ["min tokens"] = Request(new() { Temperature = 0.8f }) with { StopTokenIds = [.. Enumerable.Range(60, 60)], MinTokens = 11 },
        ["no tokens"] = Request(new()) with { MaxTokens = 0 },
    };

    public static TheoryData<string, int, double, bool> Cases
    {
        get
        {
            var cases = new TheoryData<string, int, double, bool>();
            foreach (var name in Requests.Keys)
                foreach (var drafts in new[] { 0, 7 })
                    foreach (var undecided in new[] { 0, 0.3 })
                        foreach (var runsAhead in new[] { false, true })
                            cases.Add(name, drafts, undecided, runsAhead);
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Generate_AnyRequest_SameEventsAndSameSession(string name, int drafts, double undecided, bool runsAhead)
    {
        await using var plain = new TestEngine();
        await using var drawing = Drawing(out _, drafts, undecided, runsAhead);

        await SessionPair.AssertSameAsync(plain, drawing, Requests[name]);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(7, false)]
    [InlineData(0, true)]
    [InlineData(7, true)]
    public async Task Generate_StopStringAnywhere_SameEventsAndSameSession(int drafts, bool runsAhead)
    {
        await using var plain = new TestEngine();
        await using var drawing = Drawing(out _, drafts, undecided: 0.1, runsAhead);
        await SessionPair.AssertSameAtStopStringsAsync(plain, drawing, Requests["greedy"]);
    }

    // The reserve of a stop string runs plans of its own amid a step; the other rows' logits and tokens must outlive them.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Generate_ManyAtOnce_EachGetsTheTextItGetsAlone(bool runsAhead)
    {
        await using var plain = new TestEngine();
        await using var drawing = Drawing(out _, drafts: 7, undecided: 0.3, runsAhead);
        GenerationRequest[] requests = [.. Requests.Values, .. Requests.Values.Select(request => request with { Stop = ["ab", "t", new string('e', 60) + "x"] })];
        var alone = new List<List<TokenEvent>>();
        foreach (var request in requests)
            alone.Add(await plain.RunAsync(request));

        var crowd = await Task.WhenAll(Enumerable.Range(0, 60).Select(i => drawing.RunAsync(requests[i % requests.Length])));

        for (var i = 0; i < crowd.Length; i++)
            SessionPair.AssertSame(alone[i % requests.Length], crowd[i], $"request {i}");
    }

    [Theory]
    [InlineData("greedy", 0, false)]
    [InlineData("greedy", 7, false)]
    [InlineData("sampled freely", 0, true)]
    [InlineData("top_p, min_p", 7, true)]
    public async Task Generate_EveryDrawDecided_NoLogitsAreFetched(string name, int drafts, bool runsAhead)
    {
        await using var drawing = Drawing(out var runner, drafts, undecided: 0, runsAhead);

        var events = await drawing.RunAsync(Requests[name]);

        Assert.Equal(96, events.Tokens().Length);
        Assert.InRange(runner().Asked, 96, int.MaxValue);
        Assert.Equal(0, runner().Fetched);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Generate_EndsAtAStopToken_LogitsAreFetchedForTheSessionOnly(bool runsAhead)
    {
        await using var drawing = Drawing(out var runner, drafts: 0, undecided: 0, runsAhead);
        var tokens = (await drawing.RunAsync(Requests["greedy"])).Tokens();

        await drawing.RunAsync(Requests["greedy"] with { StopTokenIds = [tokens[5]] });

        Assert.Equal(1, runner().Fetched);
    }

    [Fact]
    public async Task Generate_SettingsThatNeedLogits_NothingIsAsked()
    {
        await using var drawing = Drawing(out var runner, drafts: 7, undecided: 0, runsAhead: true);

        foreach (var name in new[] { "typical_p", "penalties", "bias", "logprobs", "no tokens" })
            await drawing.RunAsync(Requests[name]);

        Assert.Equal(0, runner().Asked);
        Assert.Equal(0, runner().Ahead);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Step_WithDraws_AllocatesNothing(bool runsAhead)
    {
        DrawingRunner? runner = null;
        var request = Request(new() { Temperature = 0.5f, TopP = 0.9f }) with { Stop = [new string('a', 200) + "b"] };
        await using var stepped = new SteppedEngine(options => runner = NewRunner(options, undecided: 0.1, runsAhead), request, drafts: 7);
        stepped.Steps(200);

        Assert.Equal(0, Allocations.Of(() => stepped.Steps(100)));
        Assert.InRange(runner!.Asked, 300, int.MaxValue); // made for the engine
    }

    private static GenerationRequest Request(SamplingParameters sampling) =>
        new() { PromptTokens = Prompt, MaxTokens = 96, IgnoreEos = true, Sampling = sampling with { Seed = 11 } };

    private static TestEngine Drawing(out Func<DrawingRunner> runner, int drafts, double undecided, bool runsAhead)
    {
        DrawingRunner? created = null;
        runner = () => created!; // the engine's constructor makes it
        return new TestEngine(options => options.DraftTokens = drafts, create: options => created = NewRunner(options, undecided, runsAhead));
    }

    private static DrawingRunner NewRunner(EngineOptions options, double undecided, bool runsAhead) =>
        runsAhead ? TestEngine.NewAheadRunner(options, undecided) : new DrawingRunner(TestEngine.NewCpuRunner(options), undecided);
}
