using Cottention.Cuda;
using Cottention.Inference.Model;
using Cottention.Inference.Runners;
using Cottention.Inference.Runners.Cpu;

namespace Cottention.Server.Hosting;

/// <summary>What a model asks of a device.</summary>
/// <param name="Config">The model's numbers.</param>
/// <param name="Weights">Format of the weights; never Auto.</param>
/// <param name="Sizes">Sizes of its runner.</param>
/// <param name="Threads">Threads on processors; 0 for one each.</param>
internal sealed record ModelNeeds(ModelConfig Config, WeightFormat Weights, RunnerSizes Sizes, int Threads = 0)
{
    /// <summary>Why no CUDA device serves the model well, or null.</summary>
    public string? WhyNotCuda =>
        Weights is not (WeightFormat.F32 or WeightFormat.Bf16) ? $"the weights are {Weights.Name()}, and CUDA computes with f32 or bf16"
        : Config.HeadDim is not (64 or 128) ? $"the model's heads are {Config.HeadDim} wide, and the fast CUDA kernels are for 64 and 128"
        : null;

    /// <summary>What a runner for it takes.</summary>
    public RunnerMemory MemoryOf(RunnerKind kind) => kind switch
    {
        RunnerKind.Cuda => CudaRunnerMemory.Of(Config, Weights, new CudaRunnerOptions(Sizes)),
        RunnerKind.Torch => TorchRunner.MemoryOf(Config, Sizes),
        _ => CpuRunnerMemory.Of(Config, Weights, new CpuRunnerOptions(Sizes) { Threads = Threads }),
    };
}
