using Cottention.Inference.Sessions;
using Cottention.Protocol.V1;
using Cottention.Server.Hosting;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Cottention.Server.Grpc;

/// <summary>Sessions by id. <see cref="RefusalInterceptor"/> turns its exceptions into statuses.</summary>
internal sealed class SessionGrpcService(Serving serving) : SessionService.SessionServiceBase
{
    private const int DefaultPageSize = 100;

    public override async Task<Session> Create(CreateSessionRequest request, ServerCallContext context) => ToSession(
        await serving.Require().Host.CreateAsync(request.HasSessionId ? request.SessionId : null, request.HasSeed ? request.Seed : null, context.CancellationToken));

    public override async Task<Session> Get(GetSessionRequest request, ServerCallContext context) =>
        ToSession(await serving.Require().Host.GetAsync(request.SessionId, context.CancellationToken));

    public override async Task<ListSessionsResponse> List(ListSessionsRequest request, ServerCallContext context)
    {
        var page = await serving.Require().Host.ListAsync(
            request.HasPageSize ? request.PageSize : DefaultPageSize,
            request.HasPageToken ? request.PageToken : null,
            context.CancellationToken);
        var response = new ListSessionsResponse { Sessions = { page.Sessions.Select(ToSession) } };
        if (page.NextPageToken is { } next)
            response.NextPageToken = next;
        return response;
    }

    public override async Task<DeleteSessionResponse> Delete(DeleteSessionRequest request, ServerCallContext context)
    {
        await serving.Require().Host.DeleteAsync(request.SessionId, context.CancellationToken);
        return new DeleteSessionResponse();
    }

    public override async Task<Session> Fork(ForkSessionRequest request, ServerCallContext context) => ToSession(
        await serving.Require().Host.ForkAsync(request.SessionId, request.HasNewSessionId ? request.NewSessionId : null, context.CancellationToken));

    private static Session ToSession(SessionInfo info)
    {
        var session = new Session
        {
            Id = info.Id,
            Position = info.Position,
            Version = info.Version,
            Resident = info.Resident,
            Busy = info.Busy,
            StateBytes = info.StateBytes,
            CreatedAt = ToTimestamp(info.CreatedAt),
            UpdatedAt = ToTimestamp(info.UpdatedAt),
        };
        if (info.ParentId is { } parent)
            session.ParentId = parent;
        return session;
    }

    // Whole milliseconds, as snapshots keep them: the same before and after a restart.
    private static Timestamp ToTimestamp(DateTimeOffset time) => DateTimeOffset.FromUnixTimeMilliseconds(time.ToUnixTimeMilliseconds()).ToTimestamp();
}
