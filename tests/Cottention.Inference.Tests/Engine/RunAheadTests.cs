using Cottention.Conformance;
using Cottention.Inference.Engine;
using Cottention.Inference.Runners;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cottention.Inference.Tests.Engine;

/// <summary>Steps that begin before the one before them has ended: when they do, and that nobody can tell.</summary>
public sealed class RunAheadTests
{
    private static readonly GenerationRequest Greedy = new()
    {
        PromptTokens = [.. Enumerable.Range(60, 40)],
        MaxTokens = 96,
        IgnoreEos = true,
        Sampling = new() { Temperature = 0 },
    };

    [Fact]
    public async Task Generate_EveryDrawDecided_EveryTokenButTheFirstRunsAhead()
    {
        await using var test = Ahead(out var runner);

        await test.RunAsync(Greedy);

        // The last token is never run, and the first comes from the prompt's row.
        Assert.Equal(Greedy.MaxTokens - 1, runner().Ahead);
    }

    [Fact]
    public async Task Generate_TurnedOff_NothingRunsAhead()
    {
        await using var test = Ahead(out var runner, options => options.RunAhead = false);

        await test.RunAsync(Greedy);

        Assert.Equal(0, runner().Ahead);
    }

    [Theory]
    [InlineData(true, 2 * 95)]
    [InlineData(false, 0)]
    public async Task Step_BesideOneThatIsSampledOnTheHost_NobodyLosesAStep(bool bothAreDrawn, int ahead)
    {
        var options = new EngineOptions { MaxRunning = 2, SessionSlots = 2, TokenBudget = 128, PrefillChunk = 64, DraftTokens = 0 };
        await using var source = new TestEngine();
        using var metrics = new EngineMetrics("tiny");
        var steps = 0;
        var drawing = TestEngine.NewAheadRunner(options);
        var runner = new WatchedRunner(drawing) { Begins = _ => steps++ };
        await using var engine = new InferenceEngine(source.Model, runner, options, metrics, TimeProvider.System, NullLogger.Instance, start: false);
        var other = bothAreDrawn ? Greedy : Greedy with { Sampling = new() { Temperature = 0, Logprobs = 1 } };
        foreach (var request in new[] { Greedy, other })
            engine.TrySubmit(new Generation(new Session(null, runner.VocabularySize), request, [.. request.PromptTokens!], source.Model.Tokenizer, 4096, drained: null));

        while (engine.Step())
        {
        }

        Assert.Equal(Greedy.MaxTokens, steps);
        Assert.Equal(ahead, drawing.Ahead);
    }

    [Fact]
    public async Task Generate_CancelledWhileRowsAreUnderWay_OthersGetTheTextTheyGetAlone()
    {
        await using var plain = new TestEngine();
        await using var test = Ahead(out _, undecided: 0.05);
        GenerationRequest[] requests = [.. Enumerable.Range(0, 8).Select(i => Greedy with { PromptTokens = [60 + i, 70, 80 + i], MaxTokens = 150, Sampling = new() { Seed = (ulong)i } })];
        var alone = new List<List<TokenEvent>>();
        foreach (var request in requests)
            alone.Add(await plain.RunAsync(request));
        await test.Host.CreateAsync("s", 1, default);

        var crowd = Task.WhenAll(requests[1..].Select(request => test.RunAsync(request)));
        for (var round = 0; round < 20; round++)
        {
            using var cancel = new CancellationTokenSource();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            {
                await foreach (var token in test.Host.GenerateAsync(requests[0] with { SessionId = "s", MaxTokens = 100_000 }, cancel.Token))
                    if (token.Index == round % 7)
                        await cancel.CancelAsync();
            });
        }

        Assert.Equal(1, (await test.Host.GetAsync("s", default)).Version);
        var actual = await crowd;
        for (var i = 1; i < requests.Length; i++)
            SessionPair.AssertSame(alone[i], actual[i - 1], $"request {i}");
    }

    [Fact]
    public async Task Generate_ReaderIsBehind_TextIsTheSame()
    {
        await using var plain = new TestEngine();
        await using var test = Ahead(out _, options => options.EventCapacity = 4);
        var expected = await plain.RunAsync(Greedy);

        var actual = new List<TokenEvent>();
        await foreach (var token in test.Host.GenerateAsync(Greedy, default))
        {
            actual.Add(token);
            if (actual.Count % 5 == 0)
                await Task.Delay(2);
        }

        SessionPair.AssertSame(expected, actual, "slow reader");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Generate_RunnerFailsAmidSteps_SessionsGoBackAndTheEngineGoesOn(bool inBegin)
    {
        WatchedRunner? watched = null;
        await using var test = Ahead(out _, wrap: inner => watched = new WatchedRunner(inner));
        await using var plain = new TestEngine();
        await test.Host.CreateAsync("s", 1, default);
        var request = Greedy with { SessionId = "s" };
        foreach (var at in new[] { 1, 2, 3, 17 })
        {
            var calls = 0;
            void Fail(bool isHere)
            {
                if (isHere && ++calls == at)
                    throw new InvalidOperationException("a fault that passes");
            }

            (watched!.Begins, watched.Ends) = (plan => Fail(inBegin), () => Fail(!inBegin)); // the constructor made it

            var e = await Assert.ThrowsAsync<InferenceException>(() => test.RunAsync(request));

            Assert.Equal(InferenceError.Unavailable, e.Error);
            Assert.Equal(1, (await test.Host.GetAsync("s", default)).Version);
            (watched.Begins, watched.Ends) = (_ => { }, () => { });
            SessionPair.AssertSame(await plain.RunAsync(Greedy), await test.RunAsync(Greedy), $"after the fault in call {at}");
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public async Task Generate_CommitFails_ItsSessionGoesBackAndOthersGoOn(int drafts)
    {
        WatchedRunner? watched = null;
        await using var test = Ahead(out _, options => options.DraftTokens = drafts, wrap: inner => watched = new WatchedRunner(inner));
        await using var plain = new TestEngine();
        // Repeats itself, so that drafts begin at once.
        var request = Greedy with { PromptTokens = [.. Enumerable.Range(0, 48).Select(i => 60 + (i % 12))] };
        var commits = 0;
        watched!.Commits = () => // the constructor made it
        {
            if (++commits == 9)
                throw new InvalidOperationException("a fault that passes");
        };
        foreach (var i in Enumerable.Range(0, 4))
            await test.Host.CreateAsync($"s{i}", 1, default);

        var all = Enumerable.Range(0, 4).Select(i => test.RunAsync(request with { SessionId = $"s{i}" })).ToArray();
        var e = await Assert.ThrowsAsync<InferenceException>(() => Task.WhenAll(all));

        Assert.Equal(InferenceError.Unavailable, e.Error);
        var faults = all.Count(each => each.IsFaulted);
        Assert.Equal(1, faults);
        var expected = await plain.RunAsync(request);
        for (var i = 0; i < all.Length; i++)
        {
            Assert.Equal(all[i].IsFaulted ? 1 : 2, (await test.Host.GetAsync($"s{i}", default)).Version);
            if (!all[i].IsFaulted)
                SessionPair.AssertSame(expected, await all[i], $"beside the fault, {i}");
        }
    }

    [Theory]
    [InlineData(nameof(IModelRunner.Begin))]
    [InlineData(nameof(IModelRunner.End))]
    [InlineData(nameof(IModelRunner.Commit))]
    public async Task Generate_DeviceIsLostAmidSteps_EveryGenerationEnds(string member)
    {
        LosableRunner? losable = null;
        await using var test = Ahead(out _, options => options.PoisonFreeSlots = false, wrap: inner => losable = new LosableRunner(inner));
        await test.Host.CreateAsync("s", 1, default);

        var e = await Assert.ThrowsAsync<InferenceException>(async () =>
        {
            await foreach (var token in test.Host.GenerateAsync(Greedy with { SessionId = "s", MaxTokens = 100_000 }, default))
                if (token.Index == 5)
                    losable!.Lost = member;
        });

        Assert.Equal(InferenceError.Unavailable, e.Error);
        Assert.Equal(1, (await test.Host.GetAsync("s", default)).Version);
    }

    [Fact]
    public async Task Dispose_StepsUnderWay_GenerationsEndUnavailable()
    {
        var test = Ahead(out _);
        var reader = test.Host.GenerateAsync(Greedy with { MaxTokens = 100_000 }, default).GetAsyncEnumerator();
        Assert.True(await reader.MoveNextAsync());

        await test.DisposeAsync();

        var e = await Assert.ThrowsAsync<InferenceException>(async () =>
        {
            while (await reader.MoveNextAsync())
            {
            }
        });
        Assert.Equal(InferenceError.Unavailable, e.Error);
    }

    private static TestEngine Ahead(
        out Func<DrawingRunner> runner, Action<EngineOptions>? configure = null, double undecided = 0, Func<IModelRunner, IModelRunner>? wrap = null)
    {
        DrawingRunner? created = null;
        runner = () => created!; // the engine's constructor makes it
        return new TestEngine(configure, create: options =>
        {
            created = TestEngine.NewAheadRunner(options, undecided);
            return wrap is null ? created : wrap(created);
        });
    }
}
