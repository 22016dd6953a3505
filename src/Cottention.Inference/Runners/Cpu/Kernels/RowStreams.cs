using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Cottention.Inference.Runners.Cpu.Kernels;

/// <summary>Where up to four vectors of rows are being read, column pair after column pair.</summary>
internal unsafe struct RowStreams
{
    // Bytes ahead of each stream.
    private const int PrefetchBytes = 4096;

    /// <summary>First vector.</summary>
    public byte* A;

    /// <summary>Second vector, where there is one.</summary>
    public byte* B;

    /// <summary>Third vector, where there is one.</summary>
    public byte* C;

    /// <summary>Fourth vector, where there is one.</summary>
    public byte* D;

    /// <summary>Streams at the first column of the vectors <paramref name="vector"/> and on; those past the matrix are never read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RowStreams Open<TOps, TVec>(in PanelProduct p, int vector)
        where TVec : struct
        where TOps : struct, ISimd<TVec> => new()
        {
            A = Source(p, vector, TOps.Width),
            B = Source(p, vector + 1, TOps.Width),
            C = Source(p, vector + 2, TOps.Width),
            D = Source(p, vector + 3, TOps.Width),
        };

    /// <summary>Both columns of a stream, which moves on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read<TOps, TVec, TPairs>(ref byte* stream, out TVec even, out TVec odd)
        where TVec : struct
        where TOps : struct, ISimd<TVec>
        where TPairs : struct, IWeightPairs
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(stream + PrefetchBytes);
        TPairs.Load<TOps, TVec>(stream, out even, out odd);
        stream += TPairs.BytesPerPair;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* Source(in PanelProduct p, int vector, int width)
    {
        var vectorsPerPanel = PackedMatrix.PanelRows / width;
        return p.Weights + (vector / vectorsPerPanel * p.PanelBytes) + (vector % vectorsPerPanel * width * sizeof(float));
    }
}
