using System.ComponentModel.DataAnnotations;

namespace Cottention.Inference.Runners.Cpu;

/// <summary>Sizes and choices of a <see cref="CpuModelRunner"/>.</summary>
public sealed record CpuRunnerOptions : RunnerSizes
{
    /// <summary>The default sizes.</summary>
    public CpuRunnerOptions()
    {
    }

    /// <summary>These sizes.</summary>
    public CpuRunnerOptions(RunnerSizes sizes)
        : base(sizes)
    {
    }

    /// <summary>Threads that compute, the caller's included. Default 0: the CPUs that affinity and cgroup quota allow.</summary>
    [Range(0, MostThreads)]
    public int Threads { get; init; }

    /// <summary>Instruction set. Default: the best of this machine; forcing one that it lacks is an error.</summary>
    public KernelChoice Kernels { get; init; }

    internal override void Check()
    {
        base.Check();
        Require(Threads, 0, MostThreads);
    }
}
