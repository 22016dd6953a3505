using Microsoft.Extensions.Logging;

namespace Cottention.Inference.Runners.Cpu;

/// <summary>What the loading of a model logs.</summary>
internal static partial class CpuRunnerLog
{
    [LoggerMessage(EventId = 220, Level = LogLevel.Information, Message = "Packing {Parameters:N0} weights, {StoredMiB:F1} MiB as stored, as {Format}, on {Threads} threads")]
    public static partial void Packing(ILogger logger, long parameters, double storedMiB, WeightFormat format, int threads);

    [LoggerMessage(EventId = 221, Level = LogLevel.Information, Message = "Packed {Percent} % of the weights in {Seconds:F1} s")]
    public static partial void Progress(ILogger logger, int percent, double seconds);

    [LoggerMessage(EventId = 222, Level = LogLevel.Information, Message = "Packed all weights in {Seconds:F1} s")]
    public static partial void Packed(ILogger logger, double seconds);
}
