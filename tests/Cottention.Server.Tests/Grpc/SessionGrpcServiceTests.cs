using Cottention.Client;
using Cottention.Protocol.V1;
using Grpc.Core;

namespace Cottention.Server.Tests.Grpc;

[Collection(nameof(SharedServer))]
public sealed class SessionGrpcServiceTests(ServerFixture fixture)
{
    [Fact]
    public async Task Create_WithId_IsFoundByIt()
    {
        var id = "alice-" + Guid.NewGuid();

        var created = await fixture.Client.CreateSessionAsync(id, seed: 0);

        Assert.Equal(created, await fixture.Client.GetSessionAsync(id));
        Assert.Equal((id, 0L, 1L, false, ""), (created.Id, created.Position, created.Version, created.Busy, created.ParentId));
        Assert.Equal(3 * 4 * 16 * 16 * sizeof(float), created.StateBytes);
    }

    [Fact]
    public async Task StateBytes_LongSession_StayTheSame()
    {
        var session = await fixture.Client.CreateSessionAsync();

        await fixture.RunAsync(new GenerateRequest { SessionId = session.Id, Prompt = "a", MaxTokens = 2000, IgnoreEos = true });

        var later = await fixture.Client.GetSessionAsync(session.Id);
        Assert.Equal((2001L, session.StateBytes), (later.Position, later.StateBytes));
    }

    [Fact]
    public async Task Create_IdTaken_IsAlreadyExists()
    {
        var session = await fixture.Client.CreateSessionAsync();

        await AssertRefused(StatusCode.AlreadyExists, "SESSION_EXISTS", () => fixture.Client.CreateSessionAsync(session.Id));
        await AssertRefused(StatusCode.AlreadyExists, "SESSION_EXISTS", () => fixture.Client.ForkSessionAsync(session.Id, session.Id));
    }

    [Fact]
    public async Task UnknownId_AnyCall_IsNotFound()
    {
        const string id = "no-such-session";

        await AssertRefused(StatusCode.NotFound, "SESSION_NOT_FOUND", () => fixture.Client.GetSessionAsync(id));
        await AssertRefused(StatusCode.NotFound, "SESSION_NOT_FOUND", () => fixture.Client.DeleteSessionAsync(id));
        await AssertRefused(StatusCode.NotFound, "SESSION_NOT_FOUND", () => fixture.Client.ForkSessionAsync(id));
        await AssertRefused(StatusCode.NotFound, "SESSION_NOT_FOUND", () => fixture.RunAsync(new GenerateRequest { SessionId = id, Prompt = "a" }));
    }

    [Fact]
    public async Task Generate_SessionBusy_IsAbortedAtOnce()
    {
        var session = await fixture.Client.CreateSessionAsync();
        var first = fixture.Client.GenerateAsync(new GenerateRequest { SessionId = session.Id, Prompt = "a", MaxTokens = 1_000_000, IgnoreEos = true }).GetAsyncEnumerator();
        Assert.True(await first.MoveNextAsync());

        await AssertRefused(StatusCode.Aborted, "SESSION_CONFLICT", () => fixture.RunAsync(new GenerateRequest { SessionId = session.Id, Prompt = "b" }));
        await AssertRefused(StatusCode.Aborted, "SESSION_CONFLICT", () => fixture.Client.DeleteSessionAsync(session.Id));
        Assert.True((await fixture.Client.GetSessionAsync(session.Id)).Busy);

        await first.DisposeAsync();
    }

    [Fact]
    public async Task Fork_ThenBothGoOn_GiveTheSameText()
    {
        var session = await fixture.Client.CreateSessionAsync(seed: 5);
        await fixture.RunAsync(new GenerateRequest { SessionId = session.Id, Prompt = "the an", MaxTokens = 9 });
        var fork = await fixture.Client.ForkSessionAsync(session.Id, "fork-" + session.Id);

        var a = await fixture.TextAsync(new GenerateRequest { SessionId = session.Id, MaxTokens = 30 });
        var b = await fixture.TextAsync(new GenerateRequest { SessionId = fork.Id, MaxTokens = 30 });

        Assert.Equal(a, b);
        Assert.Equal(session.Id, fork.ParentId);
    }

    [Fact]
    public async Task List_MoreThanAPage_HasEachSessionOnceInOrder()
    {
        var sessions = new SessionService.SessionServiceClient(fixture.Channel);
        for (var i = 0; i < 5; i++)
            await fixture.Client.CreateSessionAsync();

        var paged = new List<string>();
        var request = new ListSessionsRequest { PageSize = 2 };
        do
        {
            var page = await sessions.ListAsync(request);
            Assert.InRange(page.Sessions.Count, 1, 2);
            paged.AddRange(page.Sessions.Select(s => s.Id));
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);

        var all = new List<string>();
        await foreach (var session in fixture.Client.ListSessionsAsync())
            all.Add(session.Id);
        Assert.Equal(all, paged);
        Assert.Equal(all.Order(StringComparer.Ordinal).Distinct(), all);
    }

    [Fact]
    public async Task Delete_Session_IsGone()
    {
        var session = await fixture.Client.CreateSessionAsync();

        await fixture.Client.DeleteSessionAsync(session.Id);

        await AssertRefused(StatusCode.NotFound, "SESSION_NOT_FOUND", () => fixture.Client.GetSessionAsync(session.Id));
    }

    private static async Task AssertRefused(StatusCode status, string reason, Func<Task> call)
    {
        var refusal = await Assert.ThrowsAsync<CottentionException>(call);
        Assert.Equal((status, reason), (refusal.StatusCode, refusal.Reason));
    }
}
