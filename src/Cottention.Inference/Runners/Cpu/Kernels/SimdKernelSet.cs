using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Cottention.Inference.Runners.Cpu.Kernels;

/// <summary>All kernels in vectors of one width.</summary>
/// <param name="name">Name for the log.</param>
internal sealed unsafe class SimdKernelSet<TOps, TVec>(string name) : CpuKernelSet
    where TVec : struct
    where TOps : struct, ISimd<TVec>
{
    private const MethodImplOptions Hot = MethodImplOptions.AggressiveOptimization;

    // Where 512 bits have no byte products, 256 bits of the same machine may.
    private static bool HasByteProducts => TOps.HasByteProducts || (TOps.Width == 16 && Simd256.HasByteProducts);

    /// <inheritdoc/>
    public override string Name => name;

    /// <inheritdoc/>
    public override bool IsSupported => TOps.IsSupported;

    /// <inheritdoc/>
    public override void Multiply(WeightFormat format, in PanelProduct product)
    {
        switch (format)
        {
            case WeightFormat.F32:
                PanelTiles<TOps, TVec, F32Pairs>.Multiply(product);
                break;
            case WeightFormat.Bf16:
                PanelTiles<TOps, TVec, Bf16Pairs>.Multiply(product);
                break;
            case WeightFormat.Int8 when HasByteProducts:
                MultiplyBytes<Int8Quads>(product);
                break;
            case WeightFormat.Int8:
                IntegerTiles<TOps, TVec, Int8Quads, WordDot>.Multiply(product);
                break;
            case WeightFormat.Int4 when HasByteProducts:
                MultiplyBytes<Int4Quads>(product);
                break;
            case WeightFormat.Int4:
                IntegerTiles<TOps, TVec, Int4Quads, BytePairDot>.Multiply(product);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(format), format, "no kernel for this weight format");
        }
    }

    /// <inheritdoc/>
    public override int QuadBytes(WeightFormat format) =>
        format == WeightFormat.Int8 && !HasByteProducts ? WordDot.QuadBytes : ByteDot.QuadBytes;

    /// <inheritdoc/>
    public override void Quantize(WeightFormat format, float* values, TokenGroups groups)
    {
        var offset = format == WeightFormat.Int8 ? Int8Quads.Offset : Int4Quads.Offset;
        TokenQuantizer<TOps, TVec>.Quantize(values, groups, QuadBytes(format) == WordDot.QuadBytes, offset);
    }

    /// <inheritdoc/>
    [MethodImpl(Hot)]
    public override void LayerNorm(float* x, float* weight, float* bias, float epsilon, float* y, int count)
    {
        TVec sum = default;
        for (var i = 0; i < count; i += TOps.Width)
            sum = TOps.Add(sum, TOps.Load(x + i));
        var mean = TOps.Broadcast(TOps.Sum(sum) / count);

        // The padding of x is 0, not mean: the last vector is cut.
        TVec squares = default;
        for (var i = 0; i < count; i += TOps.Width)
        {
            var deviation = TOps.Subtract(TOps.Load(x + i), mean);
            if (i + TOps.Width > count)
                deviation = TOps.FirstLanes(deviation, count - i);
            squares = TOps.MultiplyAdd(deviation, deviation, squares);
        }

        var scale = TOps.Broadcast(1f / MathF.Sqrt((TOps.Sum(squares) / count) + epsilon));
        for (var i = 0; i < count; i += TOps.Width)
        {
            var normalized = TOps.Multiply(TOps.Subtract(TOps.Load(x + i), mean), scale);
            TOps.Store(TOps.MultiplyAdd(normalized, TOps.Load(weight + i), TOps.Load(bias + i)), y + i);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(Hot)]
    public override void GeluNew(float* x, int count)
    {
        // 0.5 t (1 + tanh z) = t / (1 + e^(-2 z)), z = sqrt(2/pi) (t + 0.044715 t^3)
        const double minusTwoSqrtTwoOverPi = -1.5957691216057308;
        var linear = TOps.Broadcast((float)minusTwoSqrtTwoOverPi);
        var cubic = TOps.Broadcast((float)(minusTwoSqrtTwoOverPi * 0.044715));
        var one = TOps.Broadcast(1f);
        for (var i = 0; i < count; i += TOps.Width)
        {
            var t = TOps.Load(x + i);
            var exponent = TOps.Multiply(t, TOps.MultiplyAdd(TOps.Multiply(t, t), cubic, linear));
            TOps.Store(TOps.Divide(t, TOps.Add(one, TOps.Exp(exponent))), x + i);
        }
    }

    /// <inheritdoc/>
    public override void Scan(in HeadScan scan) => SimdHeadScan<TOps, TVec>.Run(scan);

    /// <inheritdoc/>
    public override void Fold(float* state, float* tail, int tokens, int headDim, int paddedHeadDim) =>
        SimdHeadScan<TOps, TVec>.Fold(state, tail, tokens, headDim, paddedHeadDim);

    private static void MultiplyBytes<TWeights>(in PanelProduct product)
        where TWeights : struct, IQuadWeights
    {
        if (TOps.HasByteProducts)
            IntegerTiles<TOps, TVec, TWeights, ByteDot>.Multiply(product);
        else
            IntegerTiles<Simd256, Vector256<float>, TWeights, ByteDot>.Multiply(product);
    }
}
