using Cottention.Cuda;
using Cottention.Inference.Model;
using Cottention.Inference.Runners;
using Cottention.Inference.Runners.Cpu;

namespace Cottention.Server.Hosting;

/// <summary>The runner that serves.</summary>
/// <param name="Choice">Why this one.</param>
/// <param name="Budget">Memory for states where it runs.</param>
/// <param name="Runner">The runner.</param>
/// <param name="Fingerprint">The hash by which sessions know its weights.</param>
internal sealed record ChosenRunner(RunnerChoice Choice, StateBudget Budget, IModelRunner Runner, string Fingerprint);

/// <summary>Makes the runner that was chosen.</summary>
internal static class RunnerComposition
{
    /// <summary>Chooses and makes the runner, once the states of all slots are known to fit where it runs.</summary>
    /// <exception cref="Cottention.Inference.InferenceException">The slots do not fit, or as of the runner.</exception>
    public static ChosenRunner Create(Checkpoint checkpoint, ServerOptions options, ILoggerFactory loggers, TimeProvider time)
    {
        var weights = options.Weights == WeightFormat.Auto ? WeightFormats.Of(checkpoint) : options.Weights;
        var needs = ModelNeeds.Of(checkpoint.Config, weights, options.Engine.TotalSlots);
        // The validator has refused what cannot be parsed.
        return RunnerChoice.Of(DeviceOption.Parse(options.Device)!, needs, CudaDevices.Find).Make(choice =>
        {
            var budget = StateBudget.Of(options, StateLayout.Of(checkpoint.Config), StateMemory(choice, needs));
            budget.Check(options.Engine.TotalSlots);
            var (runner, fingerprint) = Create(choice, checkpoint, options, loggers, time);
            return new ChosenRunner(choice, budget, runner, fingerprint);
        });
    }

    private static (IModelRunner Runner, string Fingerprint) Create(
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

    // What the default budget is half of: on CUDA the card's memory without weights, else what the process may use.
    private static long StateMemory(RunnerChoice choice, ModelNeeds needs) =>
        choice.Kind == RunnerKind.Cuda && CudaDevices.Find().Devices.ElementAtOrDefault(choice.CudaDevice) is { } device
            ? Math.Max(0, device.FreeBytes - needs.WeightBytes)
            : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
}
