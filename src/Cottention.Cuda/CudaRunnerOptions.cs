using System.ComponentModel.DataAnnotations;
using Cottention.Inference.Runners.Cpu;

namespace Cottention.Cuda;

/// <summary>Sizes and choices of a <see cref="CudaModelRunner"/>. All memory of the device that they ask for is taken at construction.</summary>
public sealed record CudaRunnerOptions
{
    /// <summary>Number of the device, from 0. Default 0.</summary>
    [Range(0, 1023)]
    public int Device { get; init; }

    /// <summary>
    /// Format of the weights on the device, and with Bf16 of what is multiplied with them: F32, Bf16, or by default what the checkpoint
    /// has. Checkpoints of integers need one of the two.
    /// </summary>
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
    [Range(1, 8)]
    public int MaxProvisionalTokens { get; init; } = 8;

    /// <summary>Tokens between two writes of a state to memory; no effect on any result. Default 16.</summary>
    [Range(1, 16)]
    public int FoldInterval { get; init; } = 16;

    /// <summary>
    /// Rows of at least so many tokens go through the chunk kernel, which is faster and rounds otherwise: then a long prompt's result
    /// depends on how it is split. Default 0: never.
    /// </summary>
    [Range(0, 65_536)]
    public int ChunkTokens { get; init; }

    /// <summary>Refuses what is out of range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A size is.</exception>
    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfNegative(Device);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(SlotCount);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxRows);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxTokens, MaxRows);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxProvisionalRows);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxProvisionalTokens);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxProvisionalTokens, 8);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(FoldInterval);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(FoldInterval, 16);
        ArgumentOutOfRangeException.ThrowIfNegative(ChunkTokens);
    }
}
