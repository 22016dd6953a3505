using Cottention.Client;
using Cottention.Protocol.V1;
using Grpc.Core;

namespace Cottention.Server.Tests.Grpc;

/// <summary>Each faulty field is refused with its name before any work, and the server goes on.</summary>
[Collection(nameof(SharedServer))]
public sealed class BadInputTests(ServerFixture fixture)
{
    private static readonly float[] NotFinite = [float.NaN, float.PositiveInfinity, float.NegativeInfinity];

    /// <summary>Name of the field, and what makes it faulty.</summary>
    public static TheoryData<string, Action<GenerateRequest>> FaultyFields()
    {
        var data = new TheoryData<string, Action<GenerateRequest>>();
        void Floats(string field, Action<GenerateRequest, float> set, params float[] values)
        {
            foreach (var value in NotFinite.Concat(values))
                data.Add(field, request => set(request, value));
        }

        Floats("temperature", (r, v) => r.Temperature = v, -0.001f, 100.1f, float.MaxValue);
        Floats("top_p", (r, v) => r.TopP = v, -1, 0, 1.0001f);
        Floats("min_p", (r, v) => r.MinP = v, -0.1f, 1.1f);
        Floats("typical_p", (r, v) => r.TypicalP = v, 0, 2);
        Floats("repetition_penalty", (r, v) => r.RepetitionPenalty = v, 0, -1, 11);
        Floats("presence_penalty", (r, v) => r.PresencePenalty = v, -2.1f, 2.1f);
        Floats("frequency_penalty", (r, v) => r.FrequencyPenalty = v, -2.1f, 2.1f);
        Floats("logit_bias[5]", (r, v) => r.LogitBias[5] = v, -101, 101);
        foreach (var id in new[] { -1, 300, int.MinValue, int.MaxValue })
        {
            data.Add($"logit_bias[{id}]", r => r.LogitBias[id] = 1);
            data.Add("banned_tokens[1]", r => r.BannedTokens.Add([5, id]));
            data.Add("stop_token_ids[1]", r => r.StopTokenIds.Add([5, id]));
            data.Add("prompt_tokens[1]", r => r.PromptTokens = new TokenList { Ids = { 5, id } });
        }
        data.Add("max_tokens", r => r.MaxTokens = -1);
        data.Add("max_tokens", r => r.MaxTokens = int.MinValue);
        data.Add("max_tokens", r => r.MaxTokens = int.MaxValue);
        data.Add("min_tokens", r => r.MinTokens = -1);
        data.Add("min_tokens", r => (r.MinTokens, r.MaxTokens) = (11, 10));
        data.Add("top_k", r => r.TopK = -1);
        data.Add("penalty_window", r => r.PenaltyWindow = -1);
        data.Add("penalty_window", r => r.PenaltyWindow = 100_000);
        data.Add("logprobs", r => r.Logprobs = -1);
        data.Add("logprobs", r => r.Logprobs = 21);
        data.Add("stop", r => r.Stop.Add(Enumerable.Range(0, 17).Select(i => $"s{i}")));
        data.Add("stop[0]", r => r.Stop.Add(""));
        data.Add("stop[1]", r => r.Stop.Add(["ok", new string('x', 257)]));
        data.Add("stop[0]", r => r.Stop.Add(new string('\u00e9', 129)));
        data.Add("stop_token_ids", r => r.StopTokenIds.Add(Enumerable.Range(0, 65)));
        data.Add("banned_tokens", r => r.BannedTokens.Add(Enumerable.Repeat(1, 1025)));
        data.Add("logit_bias", r => r.LogitBias.Add(Enumerable.Range(0, 1025).ToDictionary(i => i, _ => 1f)));
        foreach (var id in new[] { "", " ", "a b", "a/b", "../a", ".a", "a\n", "a\0", "\u00e9", new string('a', 129) })
            data.Add("session_id", r => r.SessionId = id);
        return data;
    }

    [Theory]
    [MemberData(nameof(FaultyFields), DisableDiscoveryEnumeration = true)]
    public async Task Generate_OneFaultyField_IsNamed(string field, Action<GenerateRequest> spoil)
    {
        var request = new GenerateRequest { Prompt = "a", MaxTokens = 100 };
        spoil(request);

        var refusal = await Assert.ThrowsAsync<CottentionException>(() => fixture.RunAsync(request));

        Assert.Equal((StatusCode.InvalidArgument, "INVALID_ARGUMENT"), (refusal.StatusCode, refusal.Reason));
        var violation = Assert.Single(refusal.Violations);
        Assert.Equal(field, violation.Field);
        Assert.NotEqual("", violation.Description);
        Assert.Contains(field, refusal.Message, StringComparison.Ordinal);
        await AssertServes();
    }

    [Fact]
    public async Task Generate_ManyFaultyFields_AreNamedAtOnce()
    {
        var request = new GenerateRequest { Temperature = -1, TopP = float.NaN, TopK = -5, MaxTokens = -1, Stop = { "" }, StopTokenIds = { -1 } };

        var refusal = await Assert.ThrowsAsync<CottentionException>(() => fixture.RunAsync(request));

        Assert.Equal(
            ["max_tokens", "stop[0]", "stop_token_ids[0]", "temperature", "top_k", "top_p"],
            refusal.Violations.Select(v => v.Field).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Generate_ThousandsOfFaults_AreCutToWhatAHeaderCarries()
    {
        var request = new GenerateRequest { BannedTokens = { Enumerable.Repeat(-7, 1024) }, LogitBias = { Enumerable.Range(1000, 1000).ToDictionary(i => i, _ => float.NaN) } };

        var refusal = await Assert.ThrowsAsync<CottentionException>(() => fixture.RunAsync(request));

        Assert.Equal(StatusCode.InvalidArgument, refusal.StatusCode);
        Assert.InRange(refusal.Violations.Count, 10, 100);
        Assert.Contains("more faults", refusal.Violations[^1].Description, StringComparison.Ordinal);
        await AssertServes();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1001)]
    [InlineData(int.MaxValue)]
    public async Task List_PageSizeOutOfRange_IsNamed(int pageSize)
    {
        var sessions = new SessionService.SessionServiceClient(fixture.Channel);

        var error = await Assert.ThrowsAsync<RpcException>(async () => await sessions.ListAsync(new ListSessionsRequest { PageSize = pageSize }));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Equal("page_size", Assert.Single(error.GetRpcStatus()!.GetDetail<Google.Rpc.BadRequest>()!.FieldViolations).Field);
    }

    [Fact]
    public async Task List_PageTokenThatIsNone_IsNamed()
    {
        var sessions = new SessionService.SessionServiceClient(fixture.Channel);

        var error = await Assert.ThrowsAsync<RpcException>(async () => await sessions.ListAsync(new ListSessionsRequest { PageToken = "/etc/passwd" }));

        Assert.Equal("page_token", Assert.Single(error.GetRpcStatus()!.GetDetail<Google.Rpc.BadRequest>()!.FieldViolations).Field);
    }

    [Fact]
    public async Task Detokenize_TokensOutOfRange_AreNamed()
    {
        var refusal = await Assert.ThrowsAsync<CottentionException>(() => fixture.Client.DetokenizeAsync([1, -1, 300, 2]));

        Assert.Equal(["tokens[1]", "tokens[2]"], refusal.Violations.Select(v => v.Field));
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("a/../b")]
    [InlineData("a\\b")]
    public async Task Sessions_IdThatIsNone_IsNamed(string id)
    {
        foreach (var call in new Func<Task>[]
        {
            () => fixture.Client.CreateSessionAsync(id), () => fixture.Client.GetSessionAsync(id),
            () => fixture.Client.DeleteSessionAsync(id), () => fixture.Client.ForkSessionAsync(id),
        })
            Assert.Equal("session_id", Assert.Single((await Assert.ThrowsAsync<CottentionException>(call)).Violations).Field);
    }

    private async Task AssertServes() =>
        Assert.Equal(1, (await fixture.RunAsync(new GenerateRequest { Prompt = "a", MaxTokens = 1, IgnoreEos = true }))[^1].Usage.OutputTokens);
}
