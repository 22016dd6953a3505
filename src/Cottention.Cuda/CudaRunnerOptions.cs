using System.ComponentModel.DataAnnotations;
using Cottention.Inference.Runners;

namespace Cottention.Cuda;

/// <summary>
/// Sizes and choices of a <see cref="CudaModelRunner"/>. Weights, and with Bf16 what is multiplied with them, are F32 or Bf16; a
/// checkpoint of integers needs one of the two named.
/// </summary>
public sealed record CudaRunnerOptions : RunnerSizes
{
    private const int MostDevice = 1023;
    private const int MostProvisionalTokens = 8;
    private const int MostFoldInterval = 16;
    private const int MostChunkTokens = 65_536;

    /// <summary>The default sizes.</summary>
    public CudaRunnerOptions()
    {
    }

    /// <summary>These sizes.</summary>
    public CudaRunnerOptions(RunnerSizes sizes)
        : base(sizes)
    {
    }

    /// <summary>Number of the device, from 0. Default 0.</summary>
    [Range(0, MostDevice)]
    public int Device { get; init; }

    /// <summary>Tokens between two writes of a state to memory; no effect on any result. Default 16.</summary>
    [Range(1, MostFoldInterval)]
    public int FoldInterval { get; init; } = 16;

    /// <summary>
    /// Rows of at least so many tokens go through the chunk kernel, which is faster and rounds otherwise: then a long prompt's result
    /// depends on how it is split. Default 0: never.
    /// </summary>
    [Range(0, MostChunkTokens)]
    public int ChunkTokens { get; init; }

    internal override void Check()
    {
        base.Check();
        Require(Device, 0, MostDevice);
        Require(MaxProvisionalTokens, 1, MostProvisionalTokens);
        Require(FoldInterval, 1, MostFoldInterval);
        Require(ChunkTokens, 0, MostChunkTokens);
    }
}
