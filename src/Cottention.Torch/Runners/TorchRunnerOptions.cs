using System.ComponentModel.DataAnnotations;
using Cottention.Inference.Runners;

namespace Cottention.Torch.Runners;

/// <summary>
/// Sizes and choices of a <see cref="TorchModelRunner"/>. It takes no provisional rows. Matrices and embedding have the values of F32
/// or, rounded, Bf16; in memory they are float32 in either case. INT8 and INT4 are not taken.
/// </summary>
public sealed record TorchRunnerOptions : RunnerSizes
{
    /// <summary>The default sizes.</summary>
    public TorchRunnerOptions()
    {
    }

    /// <summary>These sizes.</summary>
    public TorchRunnerOptions(RunnerSizes sizes)
        : base(sizes)
    {
    }

    /// <summary>Where the arithmetic runs: <c>cpu</c>, <c>cuda</c> or <c>cuda:n</c>. Default: the first CUDA device that libtorch sees, else the CPU.</summary>
    public string? Device { get; init; }

    /// <summary>
    /// Threads of libtorch on the CPU; set for the thread that runs plans, and for those that use libtorch first
    /// afterwards. Default 0: the CPUs that affinity and cgroup quota allow. Another number of threads may round products otherwise.
    /// </summary>
    [Range(0, MostThreads)]
    public int Threads { get; init; }

    /// <summary>
    /// Path of the native library (<c>libcottention.so</c> on CUDA, <c>libcottention-cpu.so</c> on the CPU, which is for tests) whose
    /// kernel then runs the recurrence; other devices than the first CUDA one go without. Default null: torch operations do.
    /// </summary>
    public string? NativeLibrary { get; init; }

    internal override void Check()
    {
        base.Check();
        Require(Threads, 0, MostThreads);
        Require(MaxProvisionalRows, 0, 0);
    }
}
