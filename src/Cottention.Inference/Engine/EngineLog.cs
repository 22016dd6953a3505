using Microsoft.Extensions.Logging;

namespace Cottention.Inference.Engine;

/// <summary>What the engine and its sessions log. Never a prompt, never an output.</summary>
internal static partial class EngineLog
{
    [LoggerMessage(EventId = 200, Level = LogLevel.Information, Message = "Step thread started on {Runner}; {MaxRunning} generations in a step, {SessionSlots} resident sessions")]
    public static partial void Started(ILogger logger, string runner, int maxRunning, int sessionSlots);

    [LoggerMessage(EventId = 201, Level = LogLevel.Information, Message = "Step thread stopped")]
    public static partial void Stopped(ILogger logger);

    [LoggerMessage(EventId = 202, Level = LogLevel.Error, Message = "A step failed; its sessions go back to their committed state")]
    public static partial void StepFailed(ILogger logger, Exception error);

    [LoggerMessage(EventId = 203, Level = LogLevel.Critical, Message = "The step thread ends; its sessions go back to their committed state, and nothing more is served")]
    public static partial void Lost(ILogger logger, Exception error);

    [LoggerMessage(EventId = 210, Level = LogLevel.Information, Message = "Session {Id} passed the {Trained} positions its model was trained on; it goes on")]
    public static partial void PastTrainedLength(ILogger logger, string id, int trained);

    [LoggerMessage(EventId = 211, Level = LogLevel.Error, Message = "Session {Id} could not be saved and is at version {Version}")]
    public static partial void SaveFailed(ILogger logger, string id, long version, Exception error);

    [LoggerMessage(EventId = 212, Level = LogLevel.Debug, Message = "Generation on {Id} ended: {Reason}, {PromptTokens} prompt and {OutputTokens} output tokens")]
    public static partial void GenerationEnded(ILogger logger, string id, FinishReason reason, int promptTokens, int outputTokens);

}
