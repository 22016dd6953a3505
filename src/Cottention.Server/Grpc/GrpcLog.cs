using Cottention.Inference;

namespace Cottention.Server.Grpc;

/// <summary>Log lines of the gRPC edge, 510 to 529. None holds a prompt or an output; a failure of the store or a damaged snapshot names its session.</summary>
internal static partial class GrpcLog
{
    [LoggerMessage(EventId = 510, Level = LogLevel.Debug, Message = "{Method} refused: {Error}")]
    public static partial void Refused(ILogger logger, string method, InferenceError error);

    [LoggerMessage(EventId = 511, Level = LogLevel.Debug, Message = "{Method} given up by the caller")]
    public static partial void Cancelled(ILogger logger, string method);

    [LoggerMessage(EventId = 512, Level = LogLevel.Error, Message = "{Method} failed: {Error}: {Reason}")]
    public static partial void Failed(ILogger logger, string method, InferenceError error, string reason);

    [LoggerMessage(EventId = 513, Level = LogLevel.Error, Message = "{Method} failed unexpectedly")]
    public static partial void Unexpected(ILogger logger, string method, Exception exception);
}
