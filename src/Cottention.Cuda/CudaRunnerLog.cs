using Cottention.Inference.Runners.Cpu;
using Microsoft.Extensions.Logging;

namespace Cottention.Cuda;

/// <summary>What the loading of a model onto a device logs.</summary>
internal static partial class CudaRunnerLog
{
    [LoggerMessage(EventId = 230, Level = LogLevel.Information, Message = "Loading {Parameters:N0} weights as {Format} onto {Device}")]
    public static partial void Loading(ILogger logger, long parameters, WeightFormat format, CudaDevice device);

    [LoggerMessage(EventId = 231, Level = LogLevel.Information, Message = "Loaded {Percent} % of the weights in {Seconds:F1} s")]
    public static partial void Progress(ILogger logger, int percent, double seconds);

    [LoggerMessage(EventId = 232, Level = LogLevel.Information,
        Message = "Loaded all weights in {Seconds:F1} s; bytes on the device: weights {WeightBytes:N0}, states {StateBytes:N0}, tails {TailBytes:N0}, buffers {BufferBytes:N0}")]
    public static partial void Loaded(ILogger logger, double seconds, long weightBytes, long stateBytes, long tailBytes, long bufferBytes);
}
