using Cottention.Inference;
using Cottention.Inference.Engine;
using Cottention.Inference.Sampling;
using Cottention.Inference.Sessions;

namespace Cottention.Conformance;

/// <summary>What every session host does. The model is the tiny one.</summary>
public abstract class SessionHostConformance : IAsyncLifetime
{
    private ISessionHost _host = null!; // set by InitializeAsync before each test

    /// <summary>A host without sessions and with at least 2 slots.</summary>
    protected abstract Task<ISessionHost> OpenAsync();

    /// <summary>The same sessions after the process ended without a word and was started again.</summary>
    protected abstract Task<ISessionHost> ReopenAsync();

    public async Task InitializeAsync() => _host = await OpenAsync();

    public abstract Task DisposeAsync();

    [Fact]
    public async Task Create_ThenGet_IsEmptyAtVersionOne()
    {
        var created = await _host.CreateAsync("s", 5, default);

        var info = await _host.GetAsync("s", default);

        Assert.Equal(("s", 0L, 1L, false), (info.Id, info.Position, info.Version, info.Busy));
        Assert.Equal(created.Id, info.Id);
        Assert.True(info.StateBytes > 0);
    }

    [Fact]
    public async Task Create_WithoutId_MakesOne() =>
        Assert.NotEqual((await _host.CreateAsync(null, null, default)).Id, (await _host.CreateAsync(null, null, default)).Id);

    [Fact]
    public async Task Create_IdTaken_IsRefused()
    {
        await _host.CreateAsync("s", null, default);

        await AssertRefused(InferenceError.SessionExists, () => _host.CreateAsync("s", null, default));
    }

    [Fact]
    public async Task AnyCall_UnknownId_IsNotFound()
    {
        await AssertRefused(InferenceError.SessionNotFound, () => _host.GetAsync("nobody", default));
        await AssertRefused(InferenceError.SessionNotFound, () => _host.DeleteAsync("nobody", default));
        await AssertRefused(InferenceError.SessionNotFound, () => _host.ForkAsync("nobody", "x", default));
        await AssertRefused(InferenceError.SessionNotFound, () => RunAsync(new GenerationRequest { SessionId = "nobody", Prompt = "x" }));
    }

    [Fact]
    public async Task Generate_OneWriter_SecondIsRefusedAtOnce()
    {
        await _host.CreateAsync("s", null, default);
        await using var first = _host.GenerateAsync(new GenerationRequest { SessionId = "s", Prompt = "x", MaxTokens = 100_000, IgnoreEos = true }, default).GetAsyncEnumerator();
        Assert.True(await first.MoveNextAsync());

        await AssertRefused(InferenceError.SessionConflict, () => RunAsync(new GenerationRequest { SessionId = "s", Prompt = "y" }));
        await AssertRefused(InferenceError.SessionConflict, () => _host.DeleteAsync("s", default));
        Assert.True((await _host.GetAsync("s", default)).Busy);
    }

    [Fact]
    public async Task Reopen_AfterACommit_TextGoesOnAsUnbroken()
    {
        await _host.CreateAsync("whole", 11, default);
        await _host.CreateAsync("broken", 11, default);
        var request = new GenerationRequest { Prompt = "once upon a time 🙂", MaxTokens = 20, IgnoreEos = true, Sampling = new SamplingParameters { RepetitionPenalty = 1.2f } };
        await RunAsync(request with { SessionId = "whole" });
        await RunAsync(request with { SessionId = "broken" });
        var whole = await RunAsync(request with { SessionId = "whole", Prompt = "" });

        _host = await ReopenAsync();
        var broken = await RunAsync(request with { SessionId = "broken", Prompt = "" });

        Assert.Equal(whole.Tokens(), broken.Tokens());
        Assert.Equal(whole.Text(), broken.Text());
        Assert.Equal(3, broken[^1].SessionVersion);
    }

    [Fact]
    public async Task Fork_ThenGenerate_BothGoOnAlikeAndApart()
    {
        await _host.CreateAsync("a", 11, default);
        await RunAsync(new GenerationRequest { SessionId = "a", Prompt = "shared", MaxTokens = 10, IgnoreEos = true });

        var fork = await _host.ForkAsync("a", "b", default);
        var a = await RunAsync(new GenerationRequest { SessionId = "a", MaxTokens = 20, IgnoreEos = true });
        await RunAsync(new GenerationRequest { SessionId = "a", Prompt = "only a", MaxTokens = 5, IgnoreEos = true });
        var b = await RunAsync(new GenerationRequest { SessionId = "b", MaxTokens = 20, IgnoreEos = true });

        Assert.Equal(("b", "a", 1L), (fork.Id, fork.ParentId, fork.Version));
        Assert.Equal(a.Tokens(), b.Tokens());
    }

    [Fact]
    public async Task Generate_MoreSessionsThanSlots_EachGoesOnWhereItStood()
    {
        var ids = Enumerable.Range(0, 20).Select(i => $"s{i}").ToArray();
        foreach (var id in ids)
            await _host.CreateAsync(id, 1, default);

        for (var round = 0; round < 3; round++)
        {
            var texts = await Task.WhenAll(ids.Select(id => RunAsync(new GenerationRequest { SessionId = id, Prompt = "go", MaxTokens = 6, IgnoreEos = true })));
            Assert.Single(texts.Select(events => events.Text()).Distinct());
        }

        Assert.All(await Task.WhenAll(ids.Select(id => _host.GetAsync(id, default))), info => Assert.Equal(4, info.Version));
    }

    [Fact]
    public async Task Delete_ThenGet_IsNotFound()
    {
        await _host.CreateAsync("s", null, default);
        await RunAsync(new GenerationRequest { SessionId = "s", Prompt = "x", MaxTokens = 2 });

        await _host.DeleteAsync("s", default);

        await AssertRefused(InferenceError.SessionNotFound, () => _host.GetAsync("s", default));
        await AssertRefused(InferenceError.SessionNotFound, () => RunAsync(new GenerationRequest { SessionId = "s", Prompt = "x" }));
        Assert.Equal(0, (await _host.CreateAsync("s", null, default)).Position);
    }

    [Fact]
    public async Task List_Pages_CoverAllSessions()
    {
        foreach (var id in new[] { "c", "a", "b" })
            await _host.CreateAsync(id, null, default);

        var first = await _host.ListAsync(2, null, default);
        var second = await _host.ListAsync(2, first.NextPageToken, default);

        Assert.Equal(["a", "b", "c"], first.Sessions.Concat(second.Sessions).Select(s => s.Id));
        Assert.Null(second.NextPageToken);
        await AssertRefused(InferenceError.InvalidArgument, () => _host.ListAsync(0, null, default));
    }

    [Fact]
    public async Task Generate_BadRequest_NamesEveryField()
    {
        var e = await AssertRefused(InferenceError.InvalidArgument, () => RunAsync(new GenerationRequest
        {
            Prompt = "x",
            PromptTokens = [-1],
            MaxTokens = -1,
            MinTokens = 5,
            Stop = [""],
            StopTokenIds = [300],
            Sampling = new SamplingParameters { Temperature = float.NaN, TopP = 0 },
        }));

        Assert.Equal(
            ["max_tokens", "min_tokens", "prompt_tokens", "prompt_tokens[0]", "stop[0]", "stop_token_ids[0]", "temperature", "top_p"],
            e.Violations.Select(v => v.Field).Order(StringComparer.Ordinal));
    }

    private async Task<List<TokenEvent>> RunAsync(GenerationRequest request)
    {
        var events = new List<TokenEvent>();
        await foreach (var token in _host.GenerateAsync(request, default))
            events.Add(token);
        return events;
    }

    private static async Task<InferenceException> AssertRefused(InferenceError expected, Func<Task> call)
    {
        var e = await Assert.ThrowsAsync<InferenceException>(call);
        Assert.Equal(expected, e.Error);
        return e;
    }
}
