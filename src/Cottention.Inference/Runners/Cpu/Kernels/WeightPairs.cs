using System.Runtime.CompilerServices;

namespace Cottention.Inference.Runners.Cpu.Kernels;

/// <summary>How a weight format stores two consecutive columns of the 16 rows of a panel.</summary>
internal unsafe interface IWeightPairs
{
    /// <summary>Bytes of two columns of a panel.</summary>
    static abstract int BytesPerPair { get; }

    /// <summary>Both columns of the rows that start at <paramref name="source"/>, 4 bytes a row apart.</summary>
    static abstract void Load<TOps, TVec>(byte* source, out TVec even, out TVec odd)
        where TVec : struct
        where TOps : struct, ISimd<TVec>;
}

/// <summary>float32: <c>[K][16]</c>.</summary>
internal readonly unsafe struct F32Pairs : IWeightPairs
{
    private const int ColumnBytes = PackedMatrix.PanelRows * sizeof(float);

    /// <inheritdoc/>
    public static int BytesPerPair => 2 * ColumnBytes;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load<TOps, TVec>(byte* source, out TVec even, out TVec odd)
        where TVec : struct
        where TOps : struct, ISimd<TVec>
    {
        even = TOps.Load((float*)source);
        odd = TOps.Load((float*)(source + ColumnBytes));
    }
}

/// <summary>bfloat16: <c>[K/2][16]</c> pairs, the even column in the low half.</summary>
internal readonly unsafe struct Bf16Pairs : IWeightPairs
{
    /// <inheritdoc/>
    public static int BytesPerPair => PackedMatrix.PanelRows * sizeof(uint);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load<TOps, TVec>(byte* source, out TVec even, out TVec odd)
        where TVec : struct
        where TOps : struct, ISimd<TVec>
    {
        even = TOps.LoadLowBf16(source);
        odd = TOps.LoadHighBf16(source);
    }
}
