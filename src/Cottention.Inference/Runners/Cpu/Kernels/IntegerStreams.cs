using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Cottention.Inference.Runners.Cpu.Kernels;

/// <summary>Where up to two vectors of rows of a quantised matrix are being read, block after block of 64 columns.</summary>
internal unsafe struct IntegerStreams
{
    // Bytes ahead of each stream.
    private const int PrefetchBytes = 4096;

    /// <summary>Weights of the group at hand, first vector.</summary>
    public byte* A;

    /// <summary>Weights of the group at hand, second vector, where there is one.</summary>
    public byte* B;

    /// <summary>Scales of the block at hand, [2][16] bfloat16, first vector.</summary>
    public ushort* ScalesA;

    /// <summary>Scales of the block at hand, second vector, where there is one.</summary>
    public ushort* ScalesB;

    /// <summary>Streams at the first block of the vectors <paramref name="vector"/> and on; those past the matrix are never read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static IntegerStreams Open(in PanelProduct p, int vector, int width)
    {
        var a = Panel(p, vector, width);
        var b = Panel(p, vector + 1, width);
        var (rowsA, rowsB) = (FirstRow(vector, width), FirstRow(vector + 1, width));
        return new IntegerStreams
        {
            ScalesA = (ushort*)a + rowsA,
            ScalesB = (ushort*)b + rowsB,
            A = a + PackedMatrix.BlockScaleBytes + (rowsA * 4),
            B = b + PackedMatrix.BlockScaleBytes + (rowsB * 4),
        };
    }

    /// <summary>On to a block's second group.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void NextGroup(int groupBytes)
    {
        A += groupBytes;
        B += groupBytes;
    }

    /// <summary>On to the next block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void NextBlock(int groupBytes)
    {
        var blockBytes = PackedMatrix.BlockScaleBytes + (2 * groupBytes);
        A += groupBytes + PackedMatrix.BlockScaleBytes;
        B += groupBytes + PackedMatrix.BlockScaleBytes;
        ScalesA = (ushort*)((byte*)ScalesA + blockBytes);
        ScalesB = (ushort*)((byte*)ScalesB + blockBytes);
    }

    /// <summary>Asks for what comes later at a quad of a group, in as many <paramref name="streams"/> as are read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Prefetch<TWeights>(int streams, int quad)
        where TWeights : struct, IQuadWeights
    {
        if (!Sse.IsSupported)
            return;
        for (var line = 0; line < TWeights.GroupBytes / 4; line += PackedMatrix.QuadRowBytes)
        {
            var offset = PrefetchBytes + (quad * (TWeights.GroupBytes / 4)) + line;
            Sse.Prefetch0(A + offset);
            if (streams > 1)
                Sse.Prefetch0(B + offset);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* Panel(in PanelProduct p, int vector, int width) =>
        p.Weights + (vector / (PackedMatrix.PanelRows / width) * p.PanelBytes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int FirstRow(int vector, int width) => vector % (PackedMatrix.PanelRows / width) * width;
}
