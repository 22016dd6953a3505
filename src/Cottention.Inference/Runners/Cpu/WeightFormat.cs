namespace Cottention.Inference.Runners.Cpu;

/// <summary>How the CPU runner holds the weights of matrices and embedding in memory.</summary>
public enum WeightFormat
{
    /// <summary>BF16 if the checkpoint is BF16, otherwise F32: never less exact than the checkpoint.</summary>
    Auto,

    /// <summary>32-bit floats.</summary>
    F32,

    /// <summary>bfloat16, rounded to nearest even; half of F32's memory and traffic.</summary>
    Bf16,
}
