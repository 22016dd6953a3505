using Cottention.Inference;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Cottention.Server.Grpc;

/// <summary>The edge of gRPC: every exception becomes a status here, once, and is logged at the level it deserves.</summary>
internal sealed class RefusalInterceptor(ILogger<RefusalInterceptor> logger) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        UnreadableMessages.Mark(context);
        try
        {
            return await continuation(request, context);
        }
        catch (Exception e) when (e is not RpcException)
        {
            throw Translate(e, context);
        }
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        UnreadableMessages.Mark(context);
        try
        {
            await continuation(request, responseStream, context);
        }
        catch (Exception e) when (e is not RpcException)
        {
            throw Translate(e, context);
        }
    }

    private RpcException Translate(Exception exception, ServerCallContext context)
    {
        if (exception is InferenceException refusal)
        {
            if (refusal.Error is InferenceError.StoreFailed or InferenceError.SessionCorrupt or InferenceError.NonFiniteLogits)
                GrpcLog.Failed(logger, context.Method, refusal.Error, refusal.Message);
            else
                GrpcLog.Refused(logger, context.Method, refusal.Error);
            return GrpcStatus.Refusal(refusal);
        }

        // A caller that goes away shows as a cancelled token or, amid a write, as a failed or refused one.
        if (context.CancellationToken.IsCancellationRequested)
        {
            GrpcLog.Cancelled(logger, context.Method);
            return new RpcException(new Status(StatusCode.Cancelled, "the caller gave up"));
        }
        GrpcLog.Unexpected(logger, context.Method, exception);
        return new RpcException(new Status(StatusCode.Internal, GrpcStatus.InternalText));
    }
}
