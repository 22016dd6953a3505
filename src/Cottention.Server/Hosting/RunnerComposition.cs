using Cottention.Cuda;
using Cottention.Inference.Model;
using Cottention.Inference.Runners;
using Cottention.Inference.Runners.Cpu;

namespace Cottention.Server.Hosting;

/// <summary>Makes the runner that was chosen.</summary>
internal static class RunnerComposition
{
    /// <summary>The runner, and the fingerprint by which sessions know its weights.</summary>
    /// <exception cref="Cottention.Inference.InferenceException">As of the runner.</exception>
    public static (IModelRunner Runner, string Fingerprint) Create(
        RunnerChoice choice, Checkpoint checkpoint, ServerOptions options, ILoggerFactory loggers, TimeProvider time)
    {
        var engine = options.Engine;
        switch (choice.Kind)
        {
            case RunnerKind.Cuda:
                var cuda = new CudaModelRunner(checkpoint, new CudaRunnerOptions
                {
                    Device = choice.CudaDevice,
                    Weights = options.Weights,
                    SlotCount = engine.TotalSlots,
                    MaxRows = engine.TotalRows,
                    MaxTokens = engine.TokenBudget,
                    MaxProvisionalRows = engine.ProvisionalRows,
                    MaxProvisionalTokens = engine.ProvisionalTokens,
                }, loggers.CreateLogger<CudaModelRunner>(), time);
                return (cuda, cuda.FingerprintOf(checkpoint));
            case RunnerKind.Torch:
                // It takes no provisional rows; the text is the same without guessing ahead.
                engine.DraftTokens = 0;
                return TorchRunner.Create(checkpoint, options);
            default:
                var cpu = new CpuModelRunner(checkpoint, new CpuRunnerOptions
                {
                    Threads = options.Threads,
                    Weights = options.Weights,
                    SlotCount = engine.TotalSlots,
                    MaxRows = engine.TotalRows,
                    MaxTokens = engine.TokenBudget,
                    MaxProvisionalRows = engine.ProvisionalRows,
                    MaxProvisionalTokens = engine.ProvisionalTokens,
                }, loggers.CreateLogger<CpuModelRunner>(), time);
                return (cpu, cpu.FingerprintOf(checkpoint));
        }
    }

    /// <summary>Bytes that weights leave for states where the model is to run; half of it is the default budget.</summary>
    public static long StateMemory(RunnerChoice choice, ModelNeeds needs) =>
        choice.Kind == RunnerKind.Cuda && CudaDevices.Find().Devices.ElementAtOrDefault(choice.CudaDevice) is { } device
            ? Math.Max(0, device.FreeBytes - needs.WeightBytes)
            : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
}
