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
    public const bool IsBuiltIn = true;

    /// <summary>A runner and the fingerprint of its weights: on the first CUDA device that libtorch sees, else on the CPU.</summary>
    /// <exception cref="InferenceException">As of the runner.</exception>
    public static (IModelRunner Runner, string Fingerprint) Create(Checkpoint checkpoint, ServerOptions options)
    {
        var runner = new TorchModelRunner(checkpoint, new TorchRunnerOptions
        {
            Threads = options.Threads,
            Weights = options.Weights,
            SlotCount = options.Engine.TotalSlots,
            MaxRows = options.Engine.TotalRows,
            MaxTokens = options.Engine.TokenBudget,
            NativeLibrary = TorchModelRunner.SeesCuda ? CudaDevices.GpuLibrary : null,
        });
        return (runner, runner.FingerprintOf(checkpoint));
    }
#else
    /// <summary>Whether this build carries libtorch.</summary>
    public const bool IsBuiltIn = false;

    /// <summary>Not in this build.</summary>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidArgument"/>, always.</exception>
    public static (IModelRunner Runner, string Fingerprint) Create(Checkpoint checkpoint, ServerOptions options) =>
        throw new InferenceException(InferenceError.InvalidArgument, "this build carries no libtorch");
#endif
}
