using System.Runtime.CompilerServices;

namespace Cottention.Inference.Runners.Cpu.Kernels;

/// <summary>How a format of integers stores a group of 32 columns of a panel: 8 quads, quad q beside quad q + 4.</summary>
internal unsafe interface IQuadWeights
{
    /// <summary>Bytes of a group's weights.</summary>
    static abstract int GroupBytes { get; }

    /// <summary>What was added to each weight to make it a byte from 0 on.</summary>
    static abstract int Offset { get; }

    /// <summary>Quads <paramref name="quad"/> and <paramref name="quad"/> + 4, for quad 0 to 3.</summary>
    static abstract void Load<TOps, TVec>(byte* group, int quad, out TVec first, out TVec second)
        where TVec : struct
        where TOps : struct, ISimd<TVec>;
}

/// <summary>8 bits: <c>[8][16][4]</c>.</summary>
internal readonly unsafe struct Int8Quads : IQuadWeights
{
    /// <inheritdoc/>
    public static int GroupBytes => 8 * PackedMatrix.QuadRowBytes;

    /// <inheritdoc/>
    public static int Offset => 128;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load<TOps, TVec>(byte* group, int quad, out TVec first, out TVec second)
        where TVec : struct
        where TOps : struct, ISimd<TVec>
    {
        first = TOps.LoadBits(group + (quad * PackedMatrix.QuadRowBytes));
        second = TOps.LoadBits(group + ((quad + 4) * PackedMatrix.QuadRowBytes));
    }
}

/// <summary>4 bits: <c>[4][16][4]</c>, quad q in the low halves of the bytes, quad q + 4 in the high ones.</summary>
internal readonly unsafe struct Int4Quads : IQuadWeights
{
    /// <inheritdoc/>
    public static int GroupBytes => 4 * PackedMatrix.QuadRowBytes;

    /// <inheritdoc/>
    public static int Offset => 8;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load<TOps, TVec>(byte* group, int quad, out TVec first, out TVec second)
        where TVec : struct
        where TOps : struct, ISimd<TVec>
    {
        var both = TOps.LoadBits(group + (quad * PackedMatrix.QuadRowBytes));
        first = TOps.LowNibbles(both);
        second = TOps.HighNibbles(both);
    }
}
