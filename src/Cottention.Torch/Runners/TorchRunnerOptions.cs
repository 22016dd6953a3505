using Cottention.Inference.Runners.Cpu;

namespace Cottention.Torch.Runners;

/// <summary>Sizes and choices of a <see cref="TorchModelRunner"/>.</summary>
public sealed record TorchRunnerOptions
{
    /// <summary>Where the arithmetic runs: <c>cpu</c>, <c>cuda</c> or <c>cuda:n</c>. Default: the first CUDA device that libtorch sees, else the CPU.</summary>
    public string? Device { get; init; }

    /// <summary>
    /// Threads of libtorch on the CPU, 1 to 1024; set for the thread that runs plans, and for those that use libtorch first
    /// afterwards. Default 0: the CPUs that affinity and cgroup quota allow. Another number of threads may round products otherwise.
    /// </summary>
    public int Threads { get; init; }

    /// <summary>
    /// Values of matrices and embedding: as the checkpoint has them (default), or rounded to BF16. In memory they are float32 in either
    /// case. INT8 and INT4 are not taken.
    /// </summary>
    public WeightFormat Weights { get; init; }

    /// <summary>States that fit in the arena. Default 64.</summary>
    public int SlotCount { get; init; } = 64;

    /// <summary>Most rows of one plan, and most rows of its logits. Default 64.</summary>
    public int MaxRows { get; init; } = 64;

    /// <summary>Most tokens of one plan, all rows together; at least <see cref="MaxRows"/>. Default 512.</summary>
    public int MaxTokens { get; init; } = 512;

    /// <summary>
    /// Path of the native library (<c>libcottention.so</c> on CUDA, <c>libcottention-cpu.so</c> on the CPU, which is for tests) whose
    /// kernel then runs the recurrence; other devices than the first CUDA one go without. Default null: torch operations do.
    /// </summary>
    public string? NativeLibrary { get; init; }
}
