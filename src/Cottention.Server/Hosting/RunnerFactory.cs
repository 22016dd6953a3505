using Cottention.Cuda;
using Cottention.Inference.Model;
using Cottention.Inference.Runners;
using Cottention.Inference.Runners.Cpu;

namespace Cottention.Server.Hosting;

/// <summary>Makes runners of the sizes that the engine needs.</summary>
internal static class RunnerFactory
{
    /// <summary>What the engine asks of a runner.</summary>
    public static RunnerSizes SizesOf(ServerOptions options) => new()
    {
        Weights = options.Weights,
        SlotCount = options.Engine.TotalSlots,
        MaxRows = options.Engine.TotalRows,
        MaxTokens = options.Engine.TokenBudget,
        MaxProvisionalRows = options.Engine.ProvisionalRows,
        MaxProvisionalTokens = options.Engine.ProvisionalTokens,
    };

    /// <summary>Makes the runner of a choice. One that takes no guesses turns them off in the options: the text is the same.</summary>
    /// <exception cref="Cottention.Inference.InferenceException">As of the runner.</exception>
    public static IModelRunner Make(RunnerChoice choice, Checkpoint checkpoint, ServerOptions options, ILoggerFactory loggers, TimeProvider time)
    {
        switch (choice.Kind)
        {
            case RunnerKind.Cuda:
                return new CudaModelRunner(
                    checkpoint, new CudaRunnerOptions(SizesOf(options)) { Device = choice.CudaDevice }, loggers.CreateLogger<CudaModelRunner>(), time);
            case RunnerKind.Torch:
                options.Engine.DraftTokens = 0;
                return TorchRunner.Create(checkpoint, SizesOf(options), options.Threads);
            default:
                return new CpuModelRunner(
                    checkpoint, new CpuRunnerOptions(SizesOf(options)) { Threads = options.Threads }, loggers.CreateLogger<CpuModelRunner>(), time);
        }
    }
}
