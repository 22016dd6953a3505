using System.Text.Json;
using Cottention.Client;
using Cottention.Conformance;
using Cottention.Protocol.V1;
using Grpc.Core;

namespace Cottention.Server.Tests.Grpc;

[Collection(nameof(SharedServer))]
public sealed class GenerationGrpcServiceTests(ServerFixture fixture)
{
    [Fact]
    public async Task Generate_GreedyOnGoldenPrompt_StreamsTheReferencesTokens()
    {
        using var golden = JsonDocument.Parse(File.ReadAllText(Fixtures.Path("golden", "tiny", "greedy.json")));
        var prompt = Ids(golden, "prompt_ids");
        var expected = Ids(golden, "greedy_ids");

        var responses = await fixture.RunAsync(new GenerateRequest
        {
            PromptTokens = new TokenList { Ids = { prompt } },
            Temperature = 0,
            MaxTokens = expected.Length,
            IgnoreEos = true,
        });

        Assert.Equal(expected, responses.Where(r => r.HasTokenId).Select(r => r.TokenId));
    }

    [Fact]
    public async Task Generate_OneOff_NumbersEachTokenAndEndsWithUsage()
    {
        var responses = await fixture.RunAsync(new GenerateRequest { Prompt = "the", Seed = 1, MaxTokens = 20, IgnoreEos = true });

        var tokens = responses[..^1];
        var last = responses[^1];
        var promptTokens = await fixture.Client.CountTokensAsync("the");
        Assert.Equal(Enumerable.Range(0, 20), tokens.Select(r => r.Index));
        Assert.Equal(Enumerable.Range(promptTokens, 20).Select(p => (long)p), tokens.Select(r => r.Position));
        Assert.All(tokens, r => Assert.True(r.HasTokenId && r.Usage is null && r.FinishReason == FinishReason.Unspecified && !r.HasLogprob));
        Assert.Equal(FinishReason.Length, last.FinishReason);
        Assert.Equal((promptTokens, 0L, 20), (last.Usage.PromptTokens, last.Usage.CachedPosition, last.Usage.OutputTokens));
        Assert.Equal((0L, promptTokens + 20L), (last.SessionVersion, last.Position));
        Assert.True(last.Usage.TotalTime.ToTimeSpan() >= last.Usage.TimeToFirstToken.ToTimeSpan());
    }

    [Fact]
    public async Task Generate_SameSeedTwice_GivesTheSameText()
    {
        var request = new GenerateRequest { Prompt = "in the", Seed = ulong.MaxValue, MaxTokens = 40 };

        Assert.Equal(await fixture.RunAsync(request), await fixture.RunAsync(request), SameTokens);
    }

    [Fact]
    public async Task Generate_InSession_ContinuesFromItsState()
    {
        var session = await fixture.Client.CreateSessionAsync(seed: 7);
        var whole = await fixture.Client.ForkSessionAsync(session.Id);

        var first = await fixture.RunAsync(new GenerateRequest { SessionId = session.Id, Prompt = "once", MaxTokens = 10, IgnoreEos = true });
        var second = await fixture.RunAsync(new GenerateRequest { SessionId = session.Id, MaxTokens = 10, IgnoreEos = true });
        var unbroken = await fixture.RunAsync(new GenerateRequest { SessionId = whole.Id, Prompt = "once", MaxTokens = 20, IgnoreEos = true });

        Assert.Equal(Tokens(unbroken), [.. Tokens(first), .. Tokens(second)]);
        Assert.Equal(first[^1].Position, second[^1].Usage.CachedPosition);
        Assert.Equal(3, second[^1].SessionVersion);
    }

    [Fact]
    public async Task Generate_MaxTokensZero_ConsumesThePromptAndAnswersWithUsageOnly()
    {
        var session = await fixture.Client.CreateSessionAsync();

        var responses = await fixture.RunAsync(new GenerateRequest { SessionId = session.Id, Prompt = "hello", MaxTokens = 0 });

        var only = Assert.Single(responses);
        Assert.Equal((FinishReason.Length, 0, ""), (only.FinishReason, only.Usage.OutputTokens, only.Text));
        Assert.Equal(only.Usage.PromptTokens, (await fixture.Client.GetSessionAsync(session.Id)).Position);
    }

    [Fact]
    public async Task Generate_Echo_SendsThePromptFirst()
    {
        var responses = await fixture.RunAsync(new GenerateRequest { Prompt = "caf\u00e9 \U0001F600", Echo = true, MaxTokens = 1, IgnoreEos = true });

        Assert.Equal(("caf\u00e9 \U0001F600", -1, false), (responses[0].Text, responses[0].Index, responses[0].HasTokenId));
    }

    [Fact]
    public async Task Generate_Logprobs_ReportsSampledAndBestTokens()
    {
        var responses = await fixture.RunAsync(new GenerateRequest { Prompt = "a", Temperature = 0, Logprobs = 3, MaxTokens = 4, IgnoreEos = true });

        Assert.All(responses[..^1], r =>
        {
            Assert.True(r.HasLogprob && r.Logprob < 0);
            Assert.Equal(3, r.TopLogprobs.Count);
            Assert.Equal((r.TokenId, r.Logprob), (r.TopLogprobs[0].TokenId, r.TopLogprobs[0].Logprob)); // greedy takes the best
            Assert.True(r.TopLogprobs[0].Logprob >= r.TopLogprobs[1].Logprob && r.TopLogprobs[1].Logprob >= r.TopLogprobs[2].Logprob);
        });
    }

    [Fact]
    public async Task Generate_StopString_EmitsNothingOfIt()
    {
        var request = new GenerateRequest { Prompt = "a", Seed = 3, MaxTokens = 60, IgnoreEos = true };
        var text = await fixture.TextAsync(request);
        var stop = text.Substring(text.Length / 2, 3);

        request.Stop.Add(stop);
        var responses = await fixture.RunAsync(request);

        Assert.Equal((FinishReason.Stop, stop), (responses[^1].FinishReason, responses[^1].MatchedStop));
        Assert.Equal(text[..text.IndexOf(stop, StringComparison.Ordinal)], string.Concat(responses.Select(r => r.Text)));
    }

    [Fact]
    public async Task Generate_TokenBannedAndBiased_IsNeverSampledOrAlways()
    {
        var banned = await fixture.RunAsync(new GenerateRequest { Prompt = "a", MaxTokens = 30, BannedTokens = { Enumerable.Range(10, 280) }, Seed = 1 });
        var biased = await fixture.RunAsync(new GenerateRequest { Prompt = "a", MaxTokens = 5, LogitBias = { [42] = 100 }, Seed = 1 });

        Assert.All(Tokens(banned), token => Assert.False(token is >= 10 and < 290));
        Assert.All(Tokens(biased), token => Assert.Equal(42, token));
    }

    [Fact]
    public async Task Tokenize_AnyText_ComesBackThroughDetokenize()
    {
        const string text = "The caf\u00e9 \U0001F600 \0 <|endoftext|>\r\n";

        var tokens = await fixture.Client.TokenizeAsync(text);

        Assert.Equal(text, await fixture.Client.DetokenizeAsync(tokens));
        Assert.Equal(tokens.Count, await fixture.Client.CountTokensAsync(text));
        Assert.DoesNotContain(299, tokens);
        Assert.Contains(299, await fixture.Client.TokenizeAsync(text, parseControlTokens: true));
    }

    [Fact]
    public async Task Generate_ReaderGoesAway_LeavesTheSessionAtItsPreviousVersion()
    {
        var session = await fixture.Client.CreateSessionAsync();

        await foreach (var response in fixture.Client.GenerateAsync(new GenerateRequest { SessionId = session.Id, Prompt = "a", MaxTokens = 1_000_000, IgnoreEos = true }))
            if (response.Index == 5)
                break;

        await Until(async () => !(await fixture.Client.GetSessionAsync(session.Id)).Busy);
        Assert.Equal((0L, 1L), await PositionAndVersion(session.Id));
        await fixture.RunAsync(new GenerateRequest { SessionId = session.Id, Prompt = "a", MaxTokens = 1 });
        Assert.Equal(2, (await fixture.Client.GetSessionAsync(session.Id)).Version);
    }

    [Fact]
    public async Task Generate_CallersTokenCancelled_RaisesOperationCanceled()
    {
        using var cancel = new CancellationTokenSource();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in fixture.Client.GenerateAsync(new GenerateRequest { Prompt = "a", MaxTokens = 1_000_000, IgnoreEos = true }, cancel.Token))
                await cancel.CancelAsync();
        });

        await Until(async () => (await fixture.Client.GetCapacityAsync()).RunningGenerations == 0);
    }

    [Fact]
    public async Task Generate_CallersDeadlinePasses_IsDeadlineExceededAndFreesThePlace()
    {
        using var hurried = CottentionClient.Connect(fixture.Server.GrpcAddress, new CottentionClientOptions { Deadline = TimeSpan.FromMilliseconds(300) });

        var refusal = await Assert.ThrowsAsync<CottentionException>(() =>
            ServerFixture.RunAsync(hurried, new GenerateRequest { Prompt = "a", MaxTokens = 1_000_000, IgnoreEos = true }));

        Assert.Equal(StatusCode.DeadlineExceeded, refusal.StatusCode);
        await Until(async () => (await fixture.Client.GetCapacityAsync()).RunningGenerations == 0);
    }

    [Fact]
    public async Task Generate_OneReaderStandsStill_OthersGoOn()
    {
        var slow = new GenerateRequest { Prompt = "a", MaxTokens = 1_000_000, IgnoreEos = true, Logprobs = 20 };
        using var client = CottentionClient.Connect(fixture.Server.GrpcAddress);
        var standing = client.GenerateAsync(slow).GetAsyncEnumerator();
        Assert.True(await standing.MoveNextAsync());

        var other = await fixture.RunAsync(new GenerateRequest { Prompt = "b", MaxTokens = 2000, IgnoreEos = true });

        Assert.Equal(2000, other[^1].Usage.OutputTokens);
        Assert.Equal(1, (await fixture.Client.GetCapacityAsync()).RunningGenerations);
        await standing.DisposeAsync();
        await Until(async () => (await fixture.Client.GetCapacityAsync()).RunningGenerations == 0);
    }

    [Fact]
    public async Task Generate_ManyAtOnce_EachGetsTheTextItGetsAlone()
    {
        static GenerateRequest Request(int i) => new() { Prompt = "it is " + i, Seed = (ulong)i, MaxTokens = 30 };
        var alone = new List<List<GenerateResponse>>();
        for (var i = 0; i < 32; i++)
            alone.Add(await fixture.RunAsync(Request(i)));

        var together = await Task.WhenAll(Enumerable.Range(0, 32).Select(i => fixture.RunAsync(Request(i))));

        for (var i = 0; i < 32; i++)
            Assert.Equal(alone[i], together[i], SameTokens);
    }

    private static int[] Ids(JsonDocument golden, string name) =>
        [.. golden.RootElement.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];

    private static IEnumerable<int> Tokens(IEnumerable<GenerateResponse> responses) => responses.Where(r => r.HasTokenId).Select(r => r.TokenId);

    private static bool SameTokens(GenerateResponse a, GenerateResponse b) =>
        (a.HasTokenId, a.TokenId, a.Text, a.Index, a.Position, a.FinishReason) == (b.HasTokenId, b.TokenId, b.Text, b.Index, b.Position, b.FinishReason);

    private async Task<(long, long)> PositionAndVersion(string id)
    {
        var session = await fixture.Client.GetSessionAsync(id);
        return (session.Position, session.Version);
    }

    // What follows a cancel comes within a step, not at once; each look is a call to the server.
    private static async Task Until(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(ServerProcess.Patience);
        while (!await condition())
            limit.Token.ThrowIfCancellationRequested();
    }
}
