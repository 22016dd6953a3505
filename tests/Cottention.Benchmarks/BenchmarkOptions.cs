using Cottention.Inference.Runners.Cpu;

namespace Cottention.Benchmarks;

/// <summary>What to measure.</summary>
internal sealed record BenchmarkOptions
{
    /// <summary>Weight format. Default BF16.</summary>
    public WeightFormat Weights { get; init; } = WeightFormat.Bf16;

    /// <summary>Instruction set.</summary>
    public KernelChoice Kernels { get; init; }

    /// <summary>Threads; 0 for all CPUs.</summary>
    public int Threads { get; init; }

    /// <summary>Rounds, each of one bandwidth pass and one step of every kind.</summary>
    public int Rounds { get; init; } = 9;

    /// <summary>Layers of the 300M shape to keep; the default is all 20.</summary>
    public int Layers { get; init; } = 20;
}
