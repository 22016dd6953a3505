using System.ComponentModel.DataAnnotations;

namespace Cottention.Inference.Runners.Cpu;

/// <summary>Sizes and choices of a <see cref="CpuModelRunner"/>. All memory they ask for is taken at construction.</summary>
public sealed record CpuRunnerOptions
{
    /// <summary>Threads that compute, the caller's included. Default 0: the CPUs that affinity and cgroup quota allow.</summary>
    [Range(0, 1024)]
    public int Threads { get; init; }

    /// <summary>Instruction set. Default: the best of this machine; forcing one that it lacks is an error.</summary>
    public KernelChoice Kernels { get; init; }

    /// <summary>Format of the weights in memory. Default: as exact as the checkpoint.</summary>
    public WeightFormat Weights { get; init; }

    /// <summary>States that fit in the arena. Default 64.</summary>
    [Range(1, 1_000_000)]
    public int SlotCount { get; init; } = 64;

    /// <summary>Most rows of one plan, and most rows of its logits. Default 64.</summary>
    [Range(1, 4096)]
    public int MaxRows { get; init; } = 64;

    /// <summary>Most tokens of one plan, all rows together; at least <see cref="MaxRows"/>. Default 512.</summary>
    [Range(1, 65_536)]
    public int MaxTokens { get; init; } = 512;

    /// <summary>Most provisional rows of one plan. Default 0: none.</summary>
    [Range(0, 4096)]
    public int MaxProvisionalRows { get; init; }

    /// <summary>Most tokens of a provisional row. Default 8.</summary>
    [Range(1, 64)]
    public int MaxProvisionalTokens { get; init; } = 8;
}
