using System.Runtime.Intrinsics;

namespace Cottention.Inference.Runners.Cpu.Kernels;

/// <summary>
/// The arithmetic of a model for one instruction set, chosen once at start. Each result is computed by one order of
/// sums whatever is computed beside it. Stateless; any thread.
/// </summary>
internal abstract unsafe class CpuKernelSet
{
    /// <summary>Name for the log: <c>avx512</c>, <c>avx2</c>, <c>portable</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Whether this machine has the instructions.</summary>
    public abstract bool IsSupported { get; }

    /// <summary>The kernels of a choice; an <see cref="InferenceException"/> where the machine lacks them.</summary>
    public static CpuKernelSet Choose(KernelChoice choice)
    {
        var set = Create(choice == KernelChoice.Auto ? Best() : choice);
        return set.IsSupported
            ? set
            : throw new InferenceException(
                InferenceError.InvalidArgument,
                $"kernels {set.Name}: this machine does not have the instructions; it has {Create(Best()).Name}");
    }

    /// <summary>Whether this machine can run a choice.</summary>
    public static bool Supports(KernelChoice choice) => choice == KernelChoice.Auto || Create(choice).IsSupported;

    /// <summary>A run of panels times one tile of tokens.</summary>
    public abstract void Multiply(WeightFormat format, in PanelProduct product);

    /// <summary>Bytes of four activations as the products of a quantised format want them.</summary>
    public abstract int QuadBytes(WeightFormat format);

    /// <summary>
    /// Rounds groups of 32 activations of one token to -127 to 127: scale = largest magnitude / 127, integer = value * (127 /
    /// largest magnitude) to the nearest, ties to even; both 0 where the group is 0.
    /// </summary>
    /// <param name="format">Format of the weights they will meet.</param>
    /// <param name="values">[32 * groups.Count].</param>
    /// <param name="groups">Where they go.</param>
    public abstract void Quantize(WeightFormat format, float* values, TokenGroups groups);

    /// <summary>y = (x - mean) / sqrt(variance + epsilon) * weight + bias over <paramref name="count"/> values.</summary>
    /// <param name="x">[count] up to a multiple of 16, padded with 0.</param>
    /// <param name="weight">[count] padded with 0.</param>
    /// <param name="bias">[count] padded with 0.</param>
    /// <param name="epsilon">Added to the biased variance.</param>
    /// <param name="y">[count] up to a multiple of 16; the padding becomes 0.</param>
    /// <param name="count">Values that are real.</param>
    public abstract void LayerNorm(float* x, float* weight, float* bias, float epsilon, float* y, int count);

    /// <summary>GELU in its tanh form, in place; <paramref name="count"/> is a multiple of 16.</summary>
    public abstract void GeluNew(float* x, int count);

    /// <summary>The tokens of one row through one head.</summary>
    public abstract void Scan(in HeadScan scan);

    /// <summary>A head's state consumes tokens whose unit keys and scaled values are at hand, in the order of sums of <see cref="Scan"/>.</summary>
    /// <param name="state">[K, Kp].</param>
    /// <param name="tail">[tokens, 2, Kp].</param>
    /// <param name="tokens">Tokens to consume.</param>
    /// <param name="headDim">K.</param>
    /// <param name="paddedHeadDim">Kp.</param>
    public abstract void Fold(float* state, float* tail, int tokens, int headDim, int paddedHeadDim);

    private static KernelChoice Best() =>
        Simd512.IsSupported && Vector512.IsHardwareAccelerated ? KernelChoice.Avx512
        : Simd256.IsSupported ? KernelChoice.Avx2
        : KernelChoice.Portable;

    private static CpuKernelSet Create(KernelChoice choice) => choice switch
    {
        KernelChoice.Avx512 => new SimdKernelSet<Simd512, Vector512<float>>("avx512"),
        KernelChoice.Avx2 => new SimdKernelSet<Simd256, Vector256<float>>("avx2"),
        KernelChoice.Portable => new SimdKernelSet<Simd128, Vector128<float>>("portable"),
        _ => throw new ArgumentOutOfRangeException(nameof(choice), choice, "no such kernels"),
    };
}
