using Cottention.Inference;
using Cottention.Server.Hosting;
using Grpc.Core;
using Microsoft.Extensions.Options;

namespace Cottention.Server.Grpc;

/// <summary>Makes the <see cref="CallLimit"/> of a call.</summary>
internal sealed class CallLimits(IOptions<ServerOptions> options, Drain drain, TimeProvider time)
{
    private readonly TimeSpan _default = TimeSpan.FromSeconds(options.Value.DefaultDeadlineSeconds);

    /// <summary>Time that a caller may take nothing of what is sent.</summary>
    public TimeSpan Reader { get; } = TimeSpan.FromSeconds(options.Value.Engine.ReaderTimeoutSeconds);

    /// <summary>Begins to count for a call.</summary>
    public CallLimit Begin(ServerCallContext context) =>
        new(context, context.Deadline == DateTime.MaxValue ? _default : Timeout.InfiniteTimeSpan, time, drain.Over);
}

/// <summary>What ends a call besides its own end: the caller, the caller's deadline, ours where the caller has none, or the end of the drain.</summary>
internal sealed class CallLimit : IDisposable
{
    private readonly CancellationTokenSource _deadline;
    private readonly CancellationTokenSource _any;
    private readonly CancellationToken _drained;
    private readonly TimeSpan _limit;

    public CallLimit(ServerCallContext context, TimeSpan limit, TimeProvider time, CancellationToken drained)
    {
        _limit = limit;
        _drained = drained;
        _deadline = new CancellationTokenSource(limit, time);
        _any = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, _deadline.Token, drained);
    }

    /// <summary>Cancelled by whichever comes first.</summary>
    public CancellationToken Token => _any.Token;

    /// <summary>Why the call was cut off, where it was not the caller.</summary>
    public RpcException? Refusal() =>
        _deadline.IsCancellationRequested ? new RpcException(new Status(StatusCode.DeadlineExceeded,
            $"the call set no deadline and took longer than the server's default of {_limit.TotalSeconds:0} s; set one"))
        : _drained.IsCancellationRequested ? GrpcStatus.Refusal(new InferenceException(InferenceError.Unavailable, "the server is stopping"))
        : null;

    public void Dispose()
    {
        _any.Dispose();
        _deadline.Dispose();
    }
}
