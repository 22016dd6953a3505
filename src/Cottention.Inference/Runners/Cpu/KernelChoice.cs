namespace Cottention.Inference.Runners.Cpu;

/// <summary>Instruction set of the CPU runner's kernels.</summary>
public enum KernelChoice
{
    /// <summary>The widest that this machine has and runs well.</summary>
    Auto,

    /// <summary>x86-64 with AVX-512 F and DQ: 16 lanes.</summary>
    Avx512,

    /// <summary>x86-64 with AVX2 and FMA: 8 lanes.</summary>
    Avx2,

    /// <summary>Any machine: 4 lanes of whatever it has (NEON on Arm).</summary>
    Portable,
}
