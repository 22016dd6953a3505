using Cottention.Conformance;
using Cottention.Inference.Engine;
using Cottention.Inference.Sessions;

namespace Cottention.Inference.Tests.Engine;

/// <summary>States are read beside the steps: nobody waits for another's, and what is saved is what the session had.</summary>
public sealed class StateExportsTests
{
    private static readonly GenerationRequest Short = new() { Prompt = "one", MaxTokens = 9, IgnoreEos = true, Sampling = new() { Seed = 3 } };

    [Fact]
    public async Task Finish_ReadTakesLong_OthersGoOn()
    {
        using var goOn = new ManualResetEventSlim();
        await using var test = Watched(out var runner);
        await test.Host.CreateAsync("s", 1, default);
        runner().ReadEnds = goOn.Wait;

        var saving = test.RunAsync(Short with { SessionId = "s" });
        var other = await test.RunAsync(Short with { MaxTokens = 100 });

        Assert.Equal(100, other.Tokens().Length);
        Assert.False(saving.IsCompleted);
        goOn.Set();
        Assert.Equal(2, (await saving)[^1].SessionVersion);
    }

    [Fact]
    public async Task Finish_SessionIsBeingRead_ItsSlotIsNotGivenAway()
    {
        using var goOn = new ManualResetEventSlim();
        await using var plain = new TestEngine();
        await using var test = Watched(out var runner, options => options.SessionSlots = options.MaxRunning = 2);
        foreach (var each in new[] { plain, test })
            await each.Host.CreateAsync("s", 1, default);
        runner().ReadEnds = goOn.Wait;

        var saving = test.RunAsync(Short with { SessionId = "s" });
        for (var i = 0; i < 5; i++)
            await test.RunAsync(Short with { Prompt = $"another {i}" });
        goOn.Set();
        await saving;

        await plain.RunAsync(Short with { SessionId = "s" });
        Assert.Equal(await StateOf(plain), await StateOf(test));
    }

    [Fact]
    public async Task Finish_MoreAtOnceThanTheRunnerReads_EachIsSavedInItsTurn()
    {
        var (taken, reads, waits) = (0, 0, 0);
        await using var plain = new TestEngine();
        await using var test = Watched(out var runner);
        foreach (var each in new[] { plain, test })
            foreach (var i in Enumerable.Range(0, 8))
                await each.Host.CreateAsync($"s{i}", 1, default);
        runner().ReadBegins = () => Interlocked.CompareExchange(ref taken, 1, 0) == 0 || Interlocked.Increment(ref waits) < 0;
        runner().ReadEnds = () =>
        {
            if (++reads == 1)
                Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref waits) > 0, TimeSpan.FromSeconds(30)));
            Volatile.Write(ref taken, 0);
        };

        var all = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => test.RunAsync(Short with { SessionId = $"s{i}", Prompt = $"text {i}" })));

        Assert.All(all, events => Assert.Equal(2, events[^1].SessionVersion));
        Assert.Equal(8, reads);
        for (var i = 0; i < 8; i++)
        {
            await plain.RunAsync(Short with { SessionId = $"s{i}", Prompt = $"text {i}" });
            Assert.Equal(await StateOf(plain, $"s{i}"), await StateOf(test, $"s{i}"));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Finish_ReadFails_TheSessionGoesBackAndTheEngineGoesOn(bool inBegin)
    {
        await using var test = Watched(out var runner);
        await test.Host.CreateAsync("s", 1, default);
        if (inBegin)
            runner().ReadBegins = () => throw new InvalidOperationException("a fault that passes");
        else
            runner().ReadEnds = () => throw new InvalidOperationException("a fault that passes");

        var e = await Assert.ThrowsAsync<InferenceException>(() => test.RunAsync(Short with { SessionId = "s" }));

        Assert.Equal(InferenceError.Unavailable, e.Error);
        Assert.Equal(1, (await test.Host.GetAsync("s", default)).Version);
        (runner().ReadBegins, runner().ReadEnds) = (() => true, () => { });
        Assert.Equal(2, (await test.RunAsync(Short with { SessionId = "s" }))[^1].SessionVersion);
    }

    [Fact]
    public async Task Dispose_ReadsUnderWayAndInLine_AllAreSaved()
    {
        using var goOn = new ManualResetEventSlim();
        var taken = 0;
        var test = Watched(out var runner);
        foreach (var i in Enumerable.Range(0, 3))
            await test.Host.CreateAsync($"s{i}", 1, default);
        runner().ReadBegins = () => Interlocked.CompareExchange(ref taken, 1, 0) == 0;
        runner().ReadEnds = () =>
        {
            goOn.Wait();
            Volatile.Write(ref taken, 0);
        };
        var readers = Enumerable.Range(0, 3)
            .Select(i => test.Host.GenerateAsync(Short with { SessionId = $"s{i}" }, default).GetAsyncEnumerator()).ToArray();
        foreach (var reader in readers)
            for (var token = 0; token < Short.MaxTokens; token++)
                Assert.True(await reader.MoveNextAsync());
        // They end in the step that gave their last token, which is over when this one's is.
        await test.RunAsync(Short);

        var stopping = test.Engine.DisposeAsync().AsTask();
        var saving = readers.Select(reader => reader.MoveNextAsync().AsTask()).ToArray();
        Assert.All(saving, each => Assert.False(each.IsCompleted));
        goOn.Set();
        await stopping;

        Assert.All(await Task.WhenAll(saving), Assert.True);
        Assert.All(readers, reader => Assert.Equal(2, reader.Current.SessionVersion));
        await test.DisposeAsync();
    }

    // As a device does that is lost while states are on their way: their reads are never free again, and no step is there to notice.
    [Fact]
    public async Task Finish_DeviceIsLostInARead_ThoseInLineEndToo()
    {
        var taken = 0;
        await using var test = Watched(out var runner, options => options.PoisonFreeSlots = false);
        foreach (var i in Enumerable.Range(0, 3))
            await test.Host.CreateAsync($"s{i}", 1, default);
        using var goOn = new ManualResetEventSlim();
        runner().ReadBegins = () => Interlocked.CompareExchange(ref taken, 1, 0) == 0;
        runner().ReadEnds = () =>
        {
            goOn.Wait();
            throw Lost();
        };

        var saving = Enumerable.Range(0, 3).Select(i => test.RunAsync(Short with { SessionId = $"s{i}" })).ToArray();
        await test.RunAsync(Short with { MaxTokens = 100 });
        goOn.Set();

        foreach (var each in saving)
            Assert.Equal(InferenceError.Unavailable, (await Assert.ThrowsAsync<InferenceException>(() => each)).Error);
    }

    [Fact]
    public async Task Dispose_DeviceIsLostWithReadsInLine_EveryGenerationEnds()
    {
        var mayBegin = false;
        var test = Watched(out var runner, options => options.PoisonFreeSlots = false);
        await test.Host.CreateAsync("s", 1, default);
        using var isInLine = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        runner().ReadBegins = () =>
        {
            isInLine.Set();
            return Volatile.Read(ref mayBegin) ? throw Lost() : false;
        };
        var saving = test.RunAsync(Short with { SessionId = "s" });
        isInLine.Wait();
        // A step that holds the thread until the engine stops, so that the read is tried next when it ends.
        using var isHeld = new ManualResetEventSlim();
        runner().Begins = _ =>
        {
            isHeld.Set();
            goOn.Wait();
        };
        var held = test.RunAsync(Short);
        isHeld.Wait();

        var stopping = test.Engine.DisposeAsync().AsTask();
        Volatile.Write(ref mayBegin, true);
        goOn.Set();
        await stopping;

        Assert.Equal(InferenceError.Unavailable, (await Assert.ThrowsAsync<InferenceException>(() => saving)).Error);
        Assert.Equal(InferenceError.Unavailable, (await Assert.ThrowsAsync<InferenceException>(() => held)).Error);
        await test.DisposeAsync();
    }

    [Fact]
    public async Task Resume_WriteFails_ItsGenerationEndsAndTheEngineGoesOn()
    {
        var first = Watched(out _);
        await first.Host.CreateAsync("s", 1, default);
        await first.RunAsync(Short with { SessionId = "s" });
        WatchedRunner? runner = null;
        await using var test = await first.RestartAsync(create: options => runner = new WatchedRunner(TestEngine.NewCpuRunner(options)));
        runner!.Writes = () => throw new InvalidOperationException("a fault that passes"); // the constructor made it

        var e = await Assert.ThrowsAsync<InferenceException>(() => test.RunAsync(Short with { SessionId = "s" }));

        Assert.Equal(InferenceError.Unavailable, e.Error);
        Assert.Equal(2, (await test.Host.GetAsync("s", default)).Version);
        runner.Writes = () => { };
        Assert.Equal(3, (await test.RunAsync(Short with { SessionId = "s" }))[^1].SessionVersion);
    }

    private static InferenceException Lost() => new(InferenceError.Unavailable, "the device failed");

    private static TestEngine Watched(out Func<WatchedRunner> runner, Action<EngineOptions>? configure = null)
    {
        WatchedRunner? created = null;
        runner = () => created!; // the engine's constructor makes it
        return new TestEngine(configure, create: options => created = new WatchedRunner(TestEngine.NewCpuRunner(options)));
    }

    private static async Task<byte[]> StateOf(TestEngine test, string id = "s") =>
        (await test.Store.LoadAsync(id, default))!.AsSpan(SessionSnapshot.HeaderBytes, (int)test.Engine.StateLayout.Bytes).ToArray(); // the generation has saved it
}
