using System.Runtime.CompilerServices;

namespace Cottention.Inference.Runners.Cpu.Kernels;

/// <summary>
/// How a machine multiplies quads: four columns of weights, bytes u of 0 to 255 in one lane a row, with the four
/// activations, -127 to 127, of a token. All ways give the same integers.
/// </summary>
internal unsafe interface IQuadDot
{
    /// <summary>Bytes of a token's quad of activations.</summary>
    static abstract int QuadBytes { get; }

    /// <summary>What is done to a quad of weights once, for all tokens; by default nothing, and both are the bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static virtual void Prepare<TOps, TVec>(TVec weights, out TVec first, out TVec second)
        where TVec : struct
        where TOps : struct, ISimd<TVec>
    {
        first = weights;
        second = weights;
    }

    /// <summary>A token's quad of activations in every lane; by default both are its four bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static virtual void Broadcast<TOps, TVec>(byte* quad, out TVec first, out TVec second)
        where TVec : struct
        where TOps : struct, ISimd<TVec>
    {
        first = TOps.BroadcastInt(*(int*)quad);
        second = first;
    }

    /// <summary>Running sums of a group plus the products of a quad.</summary>
    static abstract TVec Add<TOps, TVec>(TVec sums, TVec weights, TVec moreWeights, TVec x, TVec moreX)
        where TVec : struct
        where TOps : struct, ISimd<TVec>;

    /// <summary>The running sums of a group as 32-bit integers.</summary>
    static abstract TVec Finish<TOps, TVec>(TVec sums)
        where TVec : struct
        where TOps : struct, ISimd<TVec>;
}

/// <summary>Four byte products in one instruction: AVX-VNNI, Arm dot product.</summary>
internal readonly unsafe struct ByteDot : IQuadDot
{
    /// <inheritdoc/>
    public static int QuadBytes => 4;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Add<TOps, TVec>(TVec sums, TVec weights, TVec moreWeights, TVec x, TVec moreX)
        where TVec : struct
        where TOps : struct, ISimd<TVec> => TOps.AddByteProducts(sums, weights, x);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Finish<TOps, TVec>(TVec sums)
        where TVec : struct
        where TOps : struct, ISimd<TVec> => sums;
}

/// <summary>
/// Byte pairs into words, words summed over a group of 32 columns: for weights up to 15, since 8 quads of
/// 2 * 15 * 127 are less than 32,768.
/// </summary>
internal readonly unsafe struct BytePairDot : IQuadDot
{
    /// <inheritdoc/>
    public static int QuadBytes => 4;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Add<TOps, TVec>(TVec sums, TVec weights, TVec moreWeights, TVec x, TVec moreX)
        where TVec : struct
        where TOps : struct, ISimd<TVec> => TOps.AddWords(sums, TOps.MultiplyBytePairs(weights, x));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Finish<TOps, TVec>(TVec sums)
        where TVec : struct
        where TOps : struct, ISimd<TVec> => TOps.MultiplyWordPairs(sums, TOps.BroadcastInt(0x00010001));
}

/// <summary>Bytes widened to words, columns 0 and 2, then 1 and 3: for weights of 8 bits.</summary>
internal readonly unsafe struct WordDot : IQuadDot
{
    /// <inheritdoc/>
    public static int QuadBytes => 8;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prepare<TOps, TVec>(TVec weights, out TVec first, out TVec second)
        where TVec : struct
        where TOps : struct, ISimd<TVec>
    {
        first = TOps.EvenBytes(weights);
        second = TOps.OddBytes(weights);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Broadcast<TOps, TVec>(byte* quad, out TVec first, out TVec second)
        where TVec : struct
        where TOps : struct, ISimd<TVec>
    {
        first = TOps.BroadcastInt(((int*)quad)[0]);
        second = TOps.BroadcastInt(((int*)quad)[1]);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Add<TOps, TVec>(TVec sums, TVec weights, TVec moreWeights, TVec x, TVec moreX)
        where TVec : struct
        where TOps : struct, ISimd<TVec> =>
        TOps.AddInts(TOps.AddInts(sums, TOps.MultiplyWordPairs(weights, x)), TOps.MultiplyWordPairs(moreWeights, moreX));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Finish<TOps, TVec>(TVec sums)
        where TVec : struct
        where TOps : struct, ISimd<TVec> => sums;
}
