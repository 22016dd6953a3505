namespace Cottention.Inference.Runners.Cpu;

/// <summary>How the CPU runner holds the weights of matrices and embedding in memory.</summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Naming", "CA1720", Justification = "Int8 and Int4 are the formats' names.")]
public enum WeightFormat
{
    /// <summary>As the checkpoint has them: INT4, INT8 or BF16 if it is so throughout, otherwise F32. Never less exact.</summary>
    Auto,

    /// <summary>32-bit floats.</summary>
    F32,

    /// <summary>bfloat16, rounded to nearest even; half of F32's memory and traffic.</summary>
    Bf16,

    /// <summary>
    /// 8-bit integers, groups of 32 with a bfloat16 scale; a bit over a quarter of F32's traffic. Activations are rounded
    /// to 8 bits, in groups of 32 with a float32 scale. The embedding stays BF16.
    /// </summary>
    Int8,

    /// <summary>4-bit integers, otherwise as INT8; a seventh of F32's traffic.</summary>
    Int4,
}
