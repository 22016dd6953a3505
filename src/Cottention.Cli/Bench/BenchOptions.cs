using Cottention.Inference.Model;
using Cottention.Inference.Runners.Cpu;

namespace Cottention.Cli.Bench;

/// <summary>What to measure. The defaults are those of the flags.</summary>
internal sealed record BenchOptions
{
    /// <summary>The model's folder; null for random weights of <see cref="Shape"/>.</summary>
    public string? ModelFolder { get; init; }

    /// <summary>Name of the shape that random weights take: <c>300m</c>.</summary>
    public string ShapeName { get; init; } = RandomModel.DefaultShape;

    /// <summary>The shape of that name.</summary>
    public ModelConfig Shape => RandomModel.Shapes[ShapeName];

    /// <summary>Weight format; Auto is the files' own, and BF16 for random weights.</summary>
    public WeightFormat Weights { get; init; }

    /// <summary>Instruction set.</summary>
    public KernelChoice Kernels { get; init; }

    /// <summary>Threads; 0 for the runner's default.</summary>
    public int Threads { get; init; }

    /// <summary>Rows of a decode step.</summary>
    public IReadOnlyList<int> Batches { get; init; } = [1, 8, 32];

    /// <summary>Tokens that the rows' states have consumed; what is measured at the others is compared with the first.</summary>
    public IReadOnlyList<long> Positions { get; init; } = [128, 32_768, 1_000_000];

    /// <summary>Tokens of the prefill step; 0 leaves it out.</summary>
    public int Prefill { get; init; } = 512;

    /// <summary>Rounds, each of every work.</summary>
    public int Rounds { get; init; } = 9;

    /// <summary>File for the numbers as JSON; null for none.</summary>
    public string? JsonFile { get; init; }
}
