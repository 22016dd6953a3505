using Cottention.Inference;
using Cottention.Inference.Model;
using Cottention.Inference.Runners;
#if TORCH
using Cottention.Cuda;
using Cottention.Torch.Runners;
#endif

namespace Cottention.Server.Hosting;

/// <summary>The runner on libtorch, in builds with -p:Torch=cpu or -p:Torch=cuda. The only code here that knows of it.</summary>
internal static class TorchRunner
{
#if TORCH
    /// <summary>Whether this build carries libtorch.</summary>
    public static bool IsBuiltIn => true;

    /// <summary>Whether libtorch would run on a CUDA device.</summary>
    /// <exception cref="InferenceException">libtorch cannot be used.</exception>
    public static bool SeesCuda => TorchModelRunner.SeesCuda;

    /// <summary>What a runner takes of its device.</summary>
    public static RunnerMemory MemoryOf(ModelConfig config, RunnerSizes sizes) => TorchRunnerMemory.Of(config, sizes);

    /// <summary>A runner: on the first CUDA device that libtorch sees, else on the CPU.</summary>
    /// <exception cref="InferenceException">As of the runner.</exception>
    public static IModelRunner Create(Checkpoint checkpoint, RunnerSizes sizes, int threads) => new TorchModelRunner(checkpoint, new TorchRunnerOptions(sizes)
    {
        Threads = threads,
        NativeLibrary = SeesCuda ? CudaDevices.GpuLibrary : null,
    });
#else
    /// <summary>Whether this build carries libtorch.</summary>
    public static bool IsBuiltIn => false;

    /// <summary>Not in this build.</summary>
    public static bool SeesCuda => false;

    /// <summary>Not in this build.</summary>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidArgument"/>, always.</exception>
    public static RunnerMemory MemoryOf(ModelConfig config, RunnerSizes sizes) => throw Missing();

    /// <summary>Not in this build.</summary>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidArgument"/>, always.</exception>
    public static IModelRunner Create(Checkpoint checkpoint, RunnerSizes sizes, int threads) => throw Missing();

    private static InferenceException Missing() => new(InferenceError.InvalidArgument, "this build carries no libtorch");
#endif
}
