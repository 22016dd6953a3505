using Cottention.Inference.Runners.Cpu;
using Cottention.Inference.Runners.Cpu.Kernels;

namespace Cottention.Benchmarks;

/// <summary>Which kernels can be measured here.</summary>
internal static class CpuKernels
{
    /// <summary>Every choice but Auto that this machine can run.</summary>
    public static IEnumerable<KernelChoice> OfThisMachine =>
        Enum.GetValues<KernelChoice>().Where(choice => choice != KernelChoice.Auto && CpuKernelSet.Supports(choice));
}
