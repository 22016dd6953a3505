using System.Text.Json;
using Cottention.Conformance;
using Cottention.Inference.Engine;
using Cottention.Inference.Runners;
using Cottention.Inference.Sampling;

namespace Cottention.Inference.Tests.Engine;

public sealed class InferenceEngineTests
{
    private static readonly SamplingParameters Greedy = new() { Temperature = 0 };

    [Fact]
    public async Task Generate_GoldenPromptGreedy_GivesTheAuthorsTokens()
    {
        await using var test = new TestEngine();
        using var golden = JsonDocument.Parse(await File.ReadAllBytesAsync(Fixtures.Path("golden", "tiny", "greedy.json")));
        var prompt = Ints(golden.RootElement.GetProperty("prompt_ids"));
        var expected = Ints(golden.RootElement.EnumerateObject().First(p => p.Name.Contains("greedy") || p.Name.Contains("token")).Value);

        var events = await test.RunAsync(new GenerationRequest { PromptTokens = prompt, MaxTokens = expected.Length, Sampling = Greedy, IgnoreEos = true });

        Assert.Equal(expected, events.Tokens());
        Assert.Equal(FinishReason.Length, events[^1].FinishReason);
        Assert.Equal(new { Prompt = prompt.Length, Output = expected.Length, Cached = 0L },
            new { Prompt = events[^1].Usage!.PromptTokens, Output = events[^1].Usage!.OutputTokens, Cached = events[^1].Usage!.CachedPosition });
    }

    [Fact]
    public async Task Generate_ManyAtOnce_EachGetsTheTextItGetsAlone()
    {
        await using var test = new TestEngine();
        GenerationRequest Request(int i) => new() { Prompt = $"crowd {i % 5}", MaxTokens = 24, Sampling = new SamplingParameters { Seed = (ulong)(i % 5) }, IgnoreEos = true };
        var alone = new List<string>();
        for (var i = 0; i < 5; i++)
            alone.Add((await test.RunAsync(Request(i))).Text());

        var crowd = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => test.RunAsync(Request(i))));

        for (var i = 0; i < crowd.Length; i++)
            Assert.Equal(alone[i % 5], crowd[i].Text());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(63)]
    public async Task Generate_SplitAtAnyPoint_GoesOnAsOneUnbrokenRun(int first)
    {
        await using var test = new TestEngine();
        var sampling = new SamplingParameters { Seed = 7, RepetitionPenalty = 1.3f, FrequencyPenalty = 0.2f };
        await test.Host.CreateAsync("whole", 1, default);
        await test.Host.CreateAsync("split", 1, default);
        var prompt = Enumerable.Range(3, 40).ToArray();

        var whole = await test.RunAsync(new GenerationRequest { SessionId = "whole", PromptTokens = prompt, MaxTokens = 64, Sampling = sampling, IgnoreEos = true });
        var parts = await test.RunAsync(new GenerationRequest { SessionId = "split", PromptTokens = prompt[..17], MaxTokens = 0 });
        parts.AddRange(await test.RunAsync(new GenerationRequest { SessionId = "split", PromptTokens = prompt[17..], MaxTokens = first, Sampling = sampling, IgnoreEos = true }));
        parts.AddRange(await test.RunAsync(new GenerationRequest { SessionId = "split", MaxTokens = 64 - first, Sampling = sampling, IgnoreEos = true }));

        Assert.Equal(whole.Tokens(), parts.Tokens());
        Assert.Equal(whole.Text(), parts.Text());
        Assert.Equal(await StateOf(test, "whole"), await StateOf(test, "split"));
    }

    [Fact]
    public async Task Generate_MaxTokensZero_ConsumesThePromptAndSaysSo()
    {
        await using var test = new TestEngine();
        await test.Host.CreateAsync("s", 1, default);

        var events = await test.RunAsync(new GenerationRequest { SessionId = "s", Prompt = "the end", MaxTokens = 0 });

        var last = Assert.Single(events);
        Assert.Equal((FinishReason.Length, 0, 2L), (last.FinishReason!.Value, last.Usage!.OutputTokens, last.SessionVersion));
        Assert.Equal(last.Usage.PromptTokens, (await test.Host.GetAsync("s", default)).Position);
    }

    [Fact]
    public async Task Generate_StopToken_IsNotEmittedAndNotInTheState()
    {
        await using var test = new TestEngine();
        var prompt = new[] { 5, 6, 7 };
        var free = (await test.RunAsync(new GenerationRequest { PromptTokens = prompt, MaxTokens = 12, Sampling = Greedy, IgnoreEos = true })).Tokens();
        var at = Array.FindIndex(free, 3, token => Array.IndexOf(free, token) >= 3);
        await test.Host.CreateAsync("stopped", 1, default);
        await test.Host.CreateAsync("plain", 1, default);

        var events = await test.RunAsync(new GenerationRequest { SessionId = "stopped", PromptTokens = prompt, StopTokenIds = [free[at]], Sampling = Greedy, IgnoreEos = true });
        await test.RunAsync(new GenerationRequest { SessionId = "plain", PromptTokens = [.. prompt, .. free[..at]], MaxTokens = 0 });

        Assert.Equal(free[..at], events.Tokens());
        Assert.Equal(FinishReason.Stop, events[^1].FinishReason);
        Assert.Equal(await StateOf(test, "plain"), await StateOf(test, "stopped"));
    }

    [Fact]
    public async Task Generate_MinTokens_SuppressesTheEnd()
    {
        await using var test = new TestEngine();
        var prompt = new[] { 5, 6, 7 };
        var free = (await test.RunAsync(new GenerationRequest { PromptTokens = prompt, MaxTokens = 12, Sampling = Greedy, IgnoreEos = true })).Tokens();

        var events = await test.RunAsync(new GenerationRequest { PromptTokens = prompt, StopTokenIds = [free[0]], MinTokens = 5, MaxTokens = 12, Sampling = Greedy, IgnoreEos = true });

        Assert.True(events.Tokens().Length >= 5);
        Assert.DoesNotContain(free[0], events.Tokens()[..5]);
    }

    [Fact]
    public async Task Generate_Cancelled_FreesTheSlotAndLeavesThePreviousVersion()
    {
        await using var test = new TestEngine();
        await test.Host.CreateAsync("s", 1, default);
        await test.RunAsync(new GenerationRequest { SessionId = "s", Prompt = "one", MaxTokens = 3, IgnoreEos = true });
        var before = await StateOf(test, "s");
        using var cancel = new CancellationTokenSource();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var token in test.Host.GenerateAsync(new GenerationRequest { SessionId = "s", Prompt = "two", MaxTokens = 100_000, IgnoreEos = true }, cancel.Token))
                if (token.Index == 5)
                    await cancel.CancelAsync();
        });

        Assert.Equal(0, test.Engine.ResidentSessions);
        Assert.Equal(2, (await test.Host.GetAsync("s", default)).Version);
        Assert.Equal(before, await StateOf(test, "s"));
        Assert.NotEmpty(await test.RunAsync(new GenerationRequest { SessionId = "s", MaxTokens = 1 }));
    }

    [Fact]
    public async Task Generate_CancelledAfterTheEngineHasFinished_CommitsNothing()
    {
        await using var test = new TestEngine();
        await test.Host.CreateAsync("s", 1, default);
        await test.RunAsync(new GenerationRequest { SessionId = "s", Prompt = "one", MaxTokens = 3, IgnoreEos = true });
        var before = await StateOf(test, "s");
        var request = new GenerationRequest { SessionId = "s", Prompt = "two", MaxTokens = 8, IgnoreEos = true };
        var reader = test.Host.GenerateAsync(request, default).GetAsyncEnumerator();
        Assert.True(await reader.MoveNextAsync());
        // A generation that was admitted later ends later: the first has ended when this one has.
        await test.RunAsync(new GenerationRequest { Prompt = "other", MaxTokens = 100, IgnoreEos = true });

        await reader.DisposeAsync();

        Assert.Equal(2, (await test.Host.GetAsync("s", default)).Version);
        var again = await test.RunAsync(request);
        Assert.Equal(before[0] + 1, again[^1].Usage!.CachedPosition);
        Assert.Equal(3, again[^1].SessionVersion);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Generate_FromKeptLogits_CommitsASessionThatGoesOn(int tokens)
    {
        await using var test = new TestEngine();
        await test.Host.CreateAsync("s", 1, default);
        await test.RunAsync(new GenerationRequest { SessionId = "s", Prompt = "kept", MaxTokens = 0 });

        for (var turn = 0; turn < 3; turn++)
            Assert.Equal(tokens, (await test.RunAsync(new GenerationRequest { SessionId = "s", MaxTokens = tokens, IgnoreEos = true })).Tokens().Length);
    }

    [Fact]
    public async Task Delete_ResidentSession_FreesItsSlot()
    {
        await using var test = new TestEngine();
        await test.Host.CreateAsync("s", 1, default);
        await test.RunAsync(new GenerationRequest { SessionId = "s", Prompt = "x", MaxTokens = 2, IgnoreEos = true });
        Assert.Equal(1, test.Engine.ResidentSessions);

        await test.Host.DeleteAsync("s", default);
        // The slot is freed in the step before this one's.
        await test.RunAsync(new GenerationRequest { Prompt = "y", MaxTokens = 1 });

        Assert.Equal(0, test.Engine.ResidentSessions);
    }

    [Fact]
    public async Task Generate_ReaderStops_OthersGoOn()
    {
        await using var test = new TestEngine(options => options.EventCapacity = 4);
        await using var slow = test.Host.GenerateAsync(new GenerationRequest { Prompt = "slow", MaxTokens = 60, IgnoreEos = true }, default).GetAsyncEnumerator();
        Assert.True(await slow.MoveNextAsync());

        var others = await Task.WhenAll(Enumerable.Range(0, 7).Select(i => test.RunAsync(new GenerationRequest { Prompt = $"quick {i}", MaxTokens = 100, IgnoreEos = true })));

        Assert.All(others, events => Assert.Equal(100, events.Tokens().Length));
        var rest = 1;
        while (await slow.MoveNextAsync())
            rest += slow.Current.TokenId is null ? 0 : 1;
        Assert.Equal(60, rest);
    }

    [Fact]
    public async Task Generate_LogitsNotFinite_FailsAndCommitsNothing()
    {
        await using var test = new TestEngine(naive: true);
        await test.Host.CreateAsync("s", 1, default);
        await test.RunAsync(new GenerationRequest { SessionId = "s", Prompt = "fine", MaxTokens = 2, IgnoreEos = true });
        test.Naive!.Ran = logits => logits[3] = float.NaN;

        var e = await Assert.ThrowsAsync<InferenceException>(() => test.RunAsync(new GenerationRequest { SessionId = "s", Prompt = "bad", MaxTokens = 5 }));

        Assert.Equal(InferenceError.NonFiniteLogits, e.Error);
        test.Naive.Ran = null;
        Assert.Equal(2, (await test.Host.GetAsync("s", default)).Version);
        Assert.NotEmpty(await test.RunAsync(new GenerationRequest { SessionId = "s", Prompt = "fine again", MaxTokens = 2 }));
    }

    [Fact]
    public async Task Generate_RunnerFails_SessionsInTheStepGoBackAndTheEngineGoesOn()
    {
        await using var test = new TestEngine(naive: true);
        await test.Host.CreateAsync("s", 1, default);
        test.Naive!.Running = _ => throw new InvalidOperationException("device lost");

        var e = await Assert.ThrowsAsync<InferenceException>(() => test.RunAsync(new GenerationRequest { SessionId = "s", Prompt = "x", MaxTokens = 5 }));

        Assert.Equal(InferenceError.Unavailable, e.Error);
        test.Naive.Running = _ => { };
        Assert.Equal(1, (await test.Host.GetAsync("s", default)).Version);
        Assert.NotEmpty(await test.RunAsync(new GenerationRequest { SessionId = "s", Prompt = "x", MaxTokens = 2 }));
    }

    [Theory]
    [InlineData(nameof(IModelRunner.Begin))]
    [InlineData(nameof(IModelRunner.End))]
    [InlineData(nameof(IModelRunner.FillSlot))]
    [InlineData(nameof(IModelRunner.Commit))]
    [InlineData(nameof(IModelRunner.BeginReadSlot))]
    [InlineData(nameof(IModelRunner.EndReadSlot))]
    public async Task Generate_DeviceIsLost_EveryGenerationEndsAndNothingMoreIsTaken(string member)
    {
        LosableRunner? runner = null;
        await using var test = new TestEngine(
            options => (options.DraftTokens, options.PoisonFreeSlots) = (7, false),
            create: options => runner = new LosableRunner(TestEngine.NewCpuRunner(options)));
        await test.Host.CreateAsync("s", 1, default);
        // Repeats itself, so that there are drafts to commit.
        var request = new GenerationRequest { SessionId = "s", Prompt = "abcabcabcabcabcabc", MaxTokens = 40, Sampling = new() { Temperature = 0 } };
        runner!.Lost = member; // the constructor made it

        var e = await Assert.ThrowsAsync<InferenceException>(() => test.RunAsync(request));
        var after = await Assert.ThrowsAsync<InferenceException>(() => test.RunAsync(request));

        Assert.Equal(InferenceError.Unavailable, e.Error);
        Assert.Equal(InferenceError.Unavailable, after.Error);
        Assert.Equal(1, (await test.Host.GetAsync("s", default)).Version);
    }

    [Fact]
    public async Task Generate_QueueFull_IsRefused()
    {
        await using var test = new TestEngine(options => { options.MaxRunning = 1; options.SessionSlots = 1; options.MaxQueued = 1; options.EventCapacity = 4; });
        var running = test.Host.GenerateAsync(new GenerationRequest { Prompt = "a", MaxTokens = 1000, IgnoreEos = true }, default).GetAsyncEnumerator();
        await running.MoveNextAsync();
        using var cancel = new CancellationTokenSource();
        var queued = test.RunAsync(new GenerationRequest { Prompt = "b", MaxTokens = 1 }, cancel.Token);

        var e = await Assert.ThrowsAsync<InferenceException>(() => test.RunAsync(new GenerationRequest { Prompt = "c", MaxTokens = 1 }));

        Assert.Equal(InferenceError.Overloaded, e.Error);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => queued);
        await running.DisposeAsync();
        Assert.NotEmpty(await test.RunAsync(new GenerationRequest { Prompt = "d", MaxTokens = 1 }));
    }

    [Fact]
    public async Task Generate_Logprobs_AreSortedAndHoldTheGreedyToken()
    {
        await using var test = new TestEngine();

        var events = await test.RunAsync(new GenerationRequest { Prompt = "p", MaxTokens = 5, IgnoreEos = true, Sampling = Greedy with { Logprobs = 3 } });

        foreach (var token in events.Where(e => e.TokenId is not null))
        {
            Assert.Equal(3, token.TopLogprobs.Count);
            Assert.Equal(token.TokenId, token.TopLogprobs[0].Id);
            Assert.Equal(token.Logprob, token.TopLogprobs[0].Logprob);
            Assert.True(token.TopLogprobs[0].Logprob >= token.TopLogprobs[1].Logprob && token.TopLogprobs[1].Logprob >= token.TopLogprobs[2].Logprob);
        }
    }

    [Fact]
    public async Task Generate_Echo_GivesThePromptFirst()
    {
        await using var test = new TestEngine();

        var events = await test.RunAsync(new GenerationRequest { Prompt = "héllo 🙂", MaxTokens = 2, Echo = true, IgnoreEos = true });

        Assert.Equal(("héllo 🙂", -1, (int?)null), (events[0].Text, events[0].Index, events[0].TokenId));
    }

    [Fact]
    public async Task Dispose_GenerationInFlight_EndsUnavailable()
    {
        var test = new TestEngine(options => options.EventCapacity = 4);
        var running = test.Host.GenerateAsync(new GenerationRequest { Prompt = "a", MaxTokens = 1000, IgnoreEos = true }, default).GetAsyncEnumerator();
        await running.MoveNextAsync();

        await test.DisposeAsync();

        var e = await Assert.ThrowsAsync<InferenceException>(async () => { while (await running.MoveNextAsync()) { } });
        Assert.Equal(InferenceError.Unavailable, e.Error);
        await Assert.ThrowsAsync<InferenceException>(() => test.RunAsync(new GenerationRequest { Prompt = "late" }));
    }

    internal static async Task<float[]> StateOf(TestEngine test, string id)
    {
        var snapshot = (await test.Store.LoadAsync(id, default))!;
        var header = Cottention.Inference.Sessions.SessionSnapshot.Read(snapshot, id);
        return [header.Position, header.PendingToken, .. Cottention.Inference.Sessions.SessionSnapshot.StateOf(snapshot, header)];
    }

    private static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetInt32())];
}
