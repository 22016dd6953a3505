namespace Cottention.Server.Hosting;

/// <summary>Log lines of the server's life, 500 to 509.</summary>
internal static partial class ServerLog
{
    [LoggerMessage(EventId = 500, Level = LogLevel.Information, Message = "Listening: gRPC {Grpc}, health, metrics and gRPC-Web {Http}; loading the model")]
    public static partial void Listening(ILogger logger, string grpc, string http);

    [LoggerMessage(EventId = 501, Level = LogLevel.Error, Message = "The model could not be loaded")]
    public static partial void LoadFailed(ILogger logger, Exception exception);

    [LoggerMessage(EventId = 502, Message = "Health: {State}")]
    public static partial void StateChanged(ILogger logger, LogLevel level, ServingState state);

    [LoggerMessage(EventId = 503, Level = LogLevel.Information, Message = "Device: {Choice}")]
    public static partial void DeviceChosen(ILogger logger, string choice);
}
