using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Cottention.Inference.Runners.Cpu.Kernels;

/// <summary>
/// Products of panels and tiles, TnRm: n tokens by m vectors of rows, all sums in registers.
/// In every one of them a result is one chain of multiply-adds over the columns in ascending order, then the bias, then
/// what y held. So a result's bits do not depend on the tile it was computed in.
/// </summary>
internal static unsafe class PanelTiles<TOps, TVec, TPairs>
    where TVec : struct
    where TOps : struct, ISimd<TVec>
    where TPairs : struct, IWeightPairs
{
    // Bytes ahead of each stream of weights.
    private const int PrefetchBytes = 4096;

    private const MethodImplOptions Hot = MethodImplOptions.AggressiveOptimization;
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    private static int VectorsPerPanel => PackedMatrix.PanelRows / TOps.Width;

    /// <summary>All panels of the product, in the tiles that suit the number of registers.</summary>
    public static void Multiply(in PanelProduct p)
    {
        var vector = p.FirstPanel * VectorsPerPanel;
        var end = vector + (p.PanelCount * VectorsPerPanel);
        switch (p.TileWidth)
        {
            case 1:
                for (; vector + 4 <= end; vector += 4)
                    T1R4(p, vector);
                for (; vector < end; vector++)
                    T1R1(p, vector);
                break;
            case 2:
                for (; vector + 4 <= end; vector += 4)
                    T2R4(p, vector);
                for (; vector < end; vector++)
                    T2R1(p, vector);
                break;
            case 8 when TOps.Width == 16:
                for (; vector + 3 <= end; vector += 3)
                    T8R3(p, vector);
                for (; vector < end; vector++)
                    T8R1(p, vector);
                break;
            default:
                for (var token = 0; token < p.TileWidth; token += 4)
                    MultiplyFourTokens(p, vector, end, token);
                break;
        }
    }

    // 16 registers hold 4 x 2 sums of 256 bits; more are there with AVX-512 and NEON.
    private static void MultiplyFourTokens(in PanelProduct p, int vector, int end, int token)
    {
        if (TOps.Width != 8)
            for (; vector + 4 <= end; vector += 4)
                T4R4(p, vector, token);
        for (; vector + 2 <= end; vector += 2)
            T4R2(p, vector, token);
        for (; vector < end; vector++)
            T4R1(p, vector, token);
    }

    [MethodImpl(Hot)]
    private static void T1R4(in PanelProduct p, int vector)
    {
        var w0 = Source(p, vector);
        var w1 = Source(p, vector + 1);
        var w2 = Source(p, vector + 2);
        var w3 = Source(p, vector + 3);
        var x = p.X;
        TVec s00 = default, s01 = default, s02 = default, s03 = default;
        for (var pair = p.ColumnPairs; pair > 0; pair--)
        {
            TPairs.Load<TOps, TVec>(w0, out var even0, out var odd0);
            TPairs.Load<TOps, TVec>(w1, out var even1, out var odd1);
            TPairs.Load<TOps, TVec>(w2, out var even2, out var odd2);
            TPairs.Load<TOps, TVec>(w3, out var even3, out var odd3);
            w0 = Next(w0);
            w1 = Next(w1);
            w2 = Next(w2);
            w3 = Next(w3);
            AddProducts4(ref s00, ref s01, ref s02, ref s03, even0, even1, even2, even3, TOps.Broadcast(*x));
            AddProducts4(ref s00, ref s01, ref s02, ref s03, odd0, odd1, odd2, odd3, TOps.Broadcast(*(x + 1)));
            x += 2;
        }

        Store(p, 0, vector, s00);
        Store(p, 0, vector + 1, s01);
        Store(p, 0, vector + 2, s02);
        Store(p, 0, vector + 3, s03);
    }

    [MethodImpl(Hot)]
    private static void T1R1(in PanelProduct p, int vector)
    {
        var w0 = Source(p, vector);
        var x = p.X;
        TVec s00 = default;
        for (var pair = p.ColumnPairs; pair > 0; pair--)
        {
            TPairs.Load<TOps, TVec>(w0, out var even0, out var odd0);
            w0 = Next(w0);
            s00 = TOps.MultiplyAdd(even0, TOps.Broadcast(*x), s00);
            s00 = TOps.MultiplyAdd(odd0, TOps.Broadcast(*(x + 1)), s00);
            x += 2;
        }

        Store(p, 0, vector, s00);
    }

    [MethodImpl(Hot)]
    private static void T2R4(in PanelProduct p, int vector)
    {
        var w0 = Source(p, vector);
        var w1 = Source(p, vector + 1);
        var w2 = Source(p, vector + 2);
        var w3 = Source(p, vector + 3);
        var x = p.X;
        TVec s00 = default, s01 = default, s02 = default, s03 = default;
        TVec s10 = default, s11 = default, s12 = default, s13 = default;
        for (var pair = p.ColumnPairs; pair > 0; pair--)
        {
            TPairs.Load<TOps, TVec>(w0, out var even0, out var odd0);
            TPairs.Load<TOps, TVec>(w1, out var even1, out var odd1);
            TPairs.Load<TOps, TVec>(w2, out var even2, out var odd2);
            TPairs.Load<TOps, TVec>(w3, out var even3, out var odd3);
            w0 = Next(w0);
            w1 = Next(w1);
            w2 = Next(w2);
            w3 = Next(w3);
            AddProducts4(ref s00, ref s01, ref s02, ref s03, even0, even1, even2, even3, TOps.Broadcast(*x));
            AddProducts4(ref s10, ref s11, ref s12, ref s13, even0, even1, even2, even3, TOps.Broadcast(*(x + 1)));
            AddProducts4(ref s00, ref s01, ref s02, ref s03, odd0, odd1, odd2, odd3, TOps.Broadcast(*(x + 2)));
            AddProducts4(ref s10, ref s11, ref s12, ref s13, odd0, odd1, odd2, odd3, TOps.Broadcast(*(x + 3)));
            x += 4;
        }

        Store(p, 0, vector, s00);
        Store(p, 0, vector + 1, s01);
        Store(p, 0, vector + 2, s02);
        Store(p, 0, vector + 3, s03);
        Store(p, 1, vector, s10);
        Store(p, 1, vector + 1, s11);
        Store(p, 1, vector + 2, s12);
        Store(p, 1, vector + 3, s13);
    }

    [MethodImpl(Hot)]
    private static void T2R1(in PanelProduct p, int vector)
    {
        var w0 = Source(p, vector);
        var x = p.X;
        TVec s00 = default;
        TVec s10 = default;
        for (var pair = p.ColumnPairs; pair > 0; pair--)
        {
            TPairs.Load<TOps, TVec>(w0, out var even0, out var odd0);
            w0 = Next(w0);
            s00 = TOps.MultiplyAdd(even0, TOps.Broadcast(*x), s00);
            s10 = TOps.MultiplyAdd(even0, TOps.Broadcast(*(x + 1)), s10);
            s00 = TOps.MultiplyAdd(odd0, TOps.Broadcast(*(x + 2)), s00);
            s10 = TOps.MultiplyAdd(odd0, TOps.Broadcast(*(x + 3)), s10);
            x += 4;
        }

        Store(p, 0, vector, s00);
        Store(p, 1, vector, s10);
    }

    [MethodImpl(Hot)]
    private static void T4R4(in PanelProduct p, int vector, int token)
    {
        var w0 = Source(p, vector);
        var w1 = Source(p, vector + 1);
        var w2 = Source(p, vector + 2);
        var w3 = Source(p, vector + 3);
        var x = p.X + token;
        var width = p.TileWidth;
        TVec s00 = default, s01 = default, s02 = default, s03 = default;
        TVec s10 = default, s11 = default, s12 = default, s13 = default;
        TVec s20 = default, s21 = default, s22 = default, s23 = default;
        TVec s30 = default, s31 = default, s32 = default, s33 = default;
        for (var pair = p.ColumnPairs; pair > 0; pair--)
        {
            TPairs.Load<TOps, TVec>(w0, out var even0, out var odd0);
            TPairs.Load<TOps, TVec>(w1, out var even1, out var odd1);
            TPairs.Load<TOps, TVec>(w2, out var even2, out var odd2);
            TPairs.Load<TOps, TVec>(w3, out var even3, out var odd3);
            w0 = Next(w0);
            w1 = Next(w1);
            w2 = Next(w2);
            w3 = Next(w3);
            AddProducts4(ref s00, ref s01, ref s02, ref s03, even0, even1, even2, even3, TOps.Broadcast(*x));
            AddProducts4(ref s10, ref s11, ref s12, ref s13, even0, even1, even2, even3, TOps.Broadcast(*(x + 1)));
            AddProducts4(ref s20, ref s21, ref s22, ref s23, even0, even1, even2, even3, TOps.Broadcast(*(x + 2)));
            AddProducts4(ref s30, ref s31, ref s32, ref s33, even0, even1, even2, even3, TOps.Broadcast(*(x + 3)));
            AddProducts4(ref s00, ref s01, ref s02, ref s03, odd0, odd1, odd2, odd3, TOps.Broadcast(*(x + width)));
            AddProducts4(ref s10, ref s11, ref s12, ref s13, odd0, odd1, odd2, odd3, TOps.Broadcast(*(x + width + 1)));
            AddProducts4(ref s20, ref s21, ref s22, ref s23, odd0, odd1, odd2, odd3, TOps.Broadcast(*(x + width + 2)));
            AddProducts4(ref s30, ref s31, ref s32, ref s33, odd0, odd1, odd2, odd3, TOps.Broadcast(*(x + width + 3)));
            x += 2 * width;
        }

        Store(p, token, vector, s00);
        Store(p, token, vector + 1, s01);
        Store(p, token, vector + 2, s02);
        Store(p, token, vector + 3, s03);
        Store(p, token + 1, vector, s10);
        Store(p, token + 1, vector + 1, s11);
        Store(p, token + 1, vector + 2, s12);
        Store(p, token + 1, vector + 3, s13);
        Store(p, token + 2, vector, s20);
        Store(p, token + 2, vector + 1, s21);
        Store(p, token + 2, vector + 2, s22);
        Store(p, token + 2, vector + 3, s23);
        Store(p, token + 3, vector, s30);
        Store(p, token + 3, vector + 1, s31);
        Store(p, token + 3, vector + 2, s32);
        Store(p, token + 3, vector + 3, s33);
    }

    [MethodImpl(Hot)]
    private static void T4R2(in PanelProduct p, int vector, int token)
    {
        var w0 = Source(p, vector);
        var w1 = Source(p, vector + 1);
        var x = p.X + token;
        var width = p.TileWidth;
        TVec s00 = default, s01 = default;
        TVec s10 = default, s11 = default;
        TVec s20 = default, s21 = default;
        TVec s30 = default, s31 = default;
        for (var pair = p.ColumnPairs; pair > 0; pair--)
        {
            TPairs.Load<TOps, TVec>(w0, out var even0, out var odd0);
            TPairs.Load<TOps, TVec>(w1, out var even1, out var odd1);
            w0 = Next(w0);
            w1 = Next(w1);
            AddProducts2(ref s00, ref s01, even0, even1, TOps.Broadcast(*x));
            AddProducts2(ref s10, ref s11, even0, even1, TOps.Broadcast(*(x + 1)));
            AddProducts2(ref s20, ref s21, even0, even1, TOps.Broadcast(*(x + 2)));
            AddProducts2(ref s30, ref s31, even0, even1, TOps.Broadcast(*(x + 3)));
            AddProducts2(ref s00, ref s01, odd0, odd1, TOps.Broadcast(*(x + width)));
            AddProducts2(ref s10, ref s11, odd0, odd1, TOps.Broadcast(*(x + width + 1)));
            AddProducts2(ref s20, ref s21, odd0, odd1, TOps.Broadcast(*(x + width + 2)));
            AddProducts2(ref s30, ref s31, odd0, odd1, TOps.Broadcast(*(x + width + 3)));
            x += 2 * width;
        }

        Store(p, token, vector, s00);
        Store(p, token, vector + 1, s01);
        Store(p, token + 1, vector, s10);
        Store(p, token + 1, vector + 1, s11);
        Store(p, token + 2, vector, s20);
        Store(p, token + 2, vector + 1, s21);
        Store(p, token + 3, vector, s30);
        Store(p, token + 3, vector + 1, s31);
    }

    [MethodImpl(Hot)]
    private static void T4R1(in PanelProduct p, int vector, int token)
    {
        var w0 = Source(p, vector);
        var x = p.X + token;
        var width = p.TileWidth;
        TVec s00 = default;
        TVec s10 = default;
        TVec s20 = default;
        TVec s30 = default;
        for (var pair = p.ColumnPairs; pair > 0; pair--)
        {
            TPairs.Load<TOps, TVec>(w0, out var even0, out var odd0);
            w0 = Next(w0);
            s00 = TOps.MultiplyAdd(even0, TOps.Broadcast(*x), s00);
            s10 = TOps.MultiplyAdd(even0, TOps.Broadcast(*(x + 1)), s10);
            s20 = TOps.MultiplyAdd(even0, TOps.Broadcast(*(x + 2)), s20);
            s30 = TOps.MultiplyAdd(even0, TOps.Broadcast(*(x + 3)), s30);
            s00 = TOps.MultiplyAdd(odd0, TOps.Broadcast(*(x + width)), s00);
            s10 = TOps.MultiplyAdd(odd0, TOps.Broadcast(*(x + width + 1)), s10);
            s20 = TOps.MultiplyAdd(odd0, TOps.Broadcast(*(x + width + 2)), s20);
            s30 = TOps.MultiplyAdd(odd0, TOps.Broadcast(*(x + width + 3)), s30);
            x += 2 * width;
        }

        Store(p, token, vector, s00);
        Store(p, token + 1, vector, s10);
        Store(p, token + 2, vector, s20);
        Store(p, token + 3, vector, s30);
    }

    [MethodImpl(Hot)]
    private static void T8R3(in PanelProduct p, int vector)
    {
        var w0 = Source(p, vector);
        var w1 = Source(p, vector + 1);
        var w2 = Source(p, vector + 2);
        var x = p.X;
        TVec s00 = default, s01 = default, s02 = default;
        TVec s10 = default, s11 = default, s12 = default;
        TVec s20 = default, s21 = default, s22 = default;
        TVec s30 = default, s31 = default, s32 = default;
        TVec s40 = default, s41 = default, s42 = default;
        TVec s50 = default, s51 = default, s52 = default;
        TVec s60 = default, s61 = default, s62 = default;
        TVec s70 = default, s71 = default, s72 = default;
        for (var pair = p.ColumnPairs; pair > 0; pair--)
        {
            TPairs.Load<TOps, TVec>(w0, out var even0, out var odd0);
            TPairs.Load<TOps, TVec>(w1, out var even1, out var odd1);
            TPairs.Load<TOps, TVec>(w2, out var even2, out var odd2);
            w0 = Next(w0);
            w1 = Next(w1);
            w2 = Next(w2);
            AddProducts3(ref s00, ref s01, ref s02, even0, even1, even2, TOps.Broadcast(*x));
            AddProducts3(ref s10, ref s11, ref s12, even0, even1, even2, TOps.Broadcast(*(x + 1)));
            AddProducts3(ref s20, ref s21, ref s22, even0, even1, even2, TOps.Broadcast(*(x + 2)));
            AddProducts3(ref s30, ref s31, ref s32, even0, even1, even2, TOps.Broadcast(*(x + 3)));
            AddProducts3(ref s40, ref s41, ref s42, even0, even1, even2, TOps.Broadcast(*(x + 4)));
            AddProducts3(ref s50, ref s51, ref s52, even0, even1, even2, TOps.Broadcast(*(x + 5)));
            AddProducts3(ref s60, ref s61, ref s62, even0, even1, even2, TOps.Broadcast(*(x + 6)));
            AddProducts3(ref s70, ref s71, ref s72, even0, even1, even2, TOps.Broadcast(*(x + 7)));
            AddProducts3(ref s00, ref s01, ref s02, odd0, odd1, odd2, TOps.Broadcast(*(x + 8)));
            AddProducts3(ref s10, ref s11, ref s12, odd0, odd1, odd2, TOps.Broadcast(*(x + 9)));
            AddProducts3(ref s20, ref s21, ref s22, odd0, odd1, odd2, TOps.Broadcast(*(x + 10)));
            AddProducts3(ref s30, ref s31, ref s32, odd0, odd1, odd2, TOps.Broadcast(*(x + 11)));
            AddProducts3(ref s40, ref s41, ref s42, odd0, odd1, odd2, TOps.Broadcast(*(x + 12)));
            AddProducts3(ref s50, ref s51, ref s52, odd0, odd1, odd2, TOps.Broadcast(*(x + 13)));
            AddProducts3(ref s60, ref s61, ref s62, odd0, odd1, odd2, TOps.Broadcast(*(x + 14)));
            AddProducts3(ref s70, ref s71, ref s72, odd0, odd1, odd2, TOps.Broadcast(*(x + 15)));
            x += 16;
        }

        Store(p, 0, vector, s00);
        Store(p, 0, vector + 1, s01);
        Store(p, 0, vector + 2, s02);
        Store(p, 1, vector, s10);
        Store(p, 1, vector + 1, s11);
        Store(p, 1, vector + 2, s12);
        Store(p, 2, vector, s20);
        Store(p, 2, vector + 1, s21);
        Store(p, 2, vector + 2, s22);
        Store(p, 3, vector, s30);
        Store(p, 3, vector + 1, s31);
        Store(p, 3, vector + 2, s32);
        Store(p, 4, vector, s40);
        Store(p, 4, vector + 1, s41);
        Store(p, 4, vector + 2, s42);
        Store(p, 5, vector, s50);
        Store(p, 5, vector + 1, s51);
        Store(p, 5, vector + 2, s52);
        Store(p, 6, vector, s60);
        Store(p, 6, vector + 1, s61);
        Store(p, 6, vector + 2, s62);
        Store(p, 7, vector, s70);
        Store(p, 7, vector + 1, s71);
        Store(p, 7, vector + 2, s72);
    }

    [MethodImpl(Hot)]
    private static void T8R1(in PanelProduct p, int vector)
    {
        var w0 = Source(p, vector);
        var x = p.X;
        TVec s00 = default;
        TVec s10 = default;
        TVec s20 = default;
        TVec s30 = default;
        TVec s40 = default;
        TVec s50 = default;
        TVec s60 = default;
        TVec s70 = default;
        for (var pair = p.ColumnPairs; pair > 0; pair--)
        {
            TPairs.Load<TOps, TVec>(w0, out var even0, out var odd0);
            w0 = Next(w0);
            s00 = TOps.MultiplyAdd(even0, TOps.Broadcast(*x), s00);
            s10 = TOps.MultiplyAdd(even0, TOps.Broadcast(*(x + 1)), s10);
            s20 = TOps.MultiplyAdd(even0, TOps.Broadcast(*(x + 2)), s20);
            s30 = TOps.MultiplyAdd(even0, TOps.Broadcast(*(x + 3)), s30);
            s40 = TOps.MultiplyAdd(even0, TOps.Broadcast(*(x + 4)), s40);
            s50 = TOps.MultiplyAdd(even0, TOps.Broadcast(*(x + 5)), s50);
            s60 = TOps.MultiplyAdd(even0, TOps.Broadcast(*(x + 6)), s60);
            s70 = TOps.MultiplyAdd(even0, TOps.Broadcast(*(x + 7)), s70);
            s00 = TOps.MultiplyAdd(odd0, TOps.Broadcast(*(x + 8)), s00);
            s10 = TOps.MultiplyAdd(odd0, TOps.Broadcast(*(x + 9)), s10);
            s20 = TOps.MultiplyAdd(odd0, TOps.Broadcast(*(x + 10)), s20);
            s30 = TOps.MultiplyAdd(odd0, TOps.Broadcast(*(x + 11)), s30);
            s40 = TOps.MultiplyAdd(odd0, TOps.Broadcast(*(x + 12)), s40);
            s50 = TOps.MultiplyAdd(odd0, TOps.Broadcast(*(x + 13)), s50);
            s60 = TOps.MultiplyAdd(odd0, TOps.Broadcast(*(x + 14)), s60);
            s70 = TOps.MultiplyAdd(odd0, TOps.Broadcast(*(x + 15)), s70);
            x += 16;
        }

        Store(p, 0, vector, s00);
        Store(p, 1, vector, s10);
        Store(p, 2, vector, s20);
        Store(p, 3, vector, s30);
        Store(p, 4, vector, s40);
        Store(p, 5, vector, s50);
        Store(p, 6, vector, s60);
        Store(p, 7, vector, s70);
    }

    [MethodImpl(Inline)]
    private static void AddProducts2(ref TVec s0, ref TVec s1, TVec w0, TVec w1, TVec x)
    {
        s0 = TOps.MultiplyAdd(w0, x, s0);
        s1 = TOps.MultiplyAdd(w1, x, s1);
    }

    [MethodImpl(Inline)]
    private static void AddProducts3(ref TVec s0, ref TVec s1, ref TVec s2, TVec w0, TVec w1, TVec w2, TVec x)
    {
        s0 = TOps.MultiplyAdd(w0, x, s0);
        s1 = TOps.MultiplyAdd(w1, x, s1);
        s2 = TOps.MultiplyAdd(w2, x, s2);
    }

    [MethodImpl(Inline)]
    private static void AddProducts4(ref TVec s0, ref TVec s1, ref TVec s2, ref TVec s3, TVec w0, TVec w1, TVec w2, TVec w3, TVec x)
    {
        s0 = TOps.MultiplyAdd(w0, x, s0);
        s1 = TOps.MultiplyAdd(w1, x, s1);
        s2 = TOps.MultiplyAdd(w2, x, s2);
        s3 = TOps.MultiplyAdd(w3, x, s3);
    }

    // Rows vector * Width and on, at the first column.
    [MethodImpl(Inline)]
    private static byte* Source(in PanelProduct p, int vector) =>
        p.Weights + (vector / VectorsPerPanel * p.PanelBytes) + (vector % VectorsPerPanel * TOps.Width * sizeof(float));

    [MethodImpl(Inline)]
    private static byte* Next(byte* source)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(source + PrefetchBytes);
        return source + TPairs.BytesPerPair;
    }

    [MethodImpl(Inline)]
    private static void Store(in PanelProduct p, int token, int vector, TVec sum)
    {
        if (token >= p.Tokens)
            return;
        var row = vector * TOps.Width;
        var y = p.Y + (token * p.YStride) + row;
        if (p.Bias != null)
            sum = TOps.Add(sum, TOps.Load(p.Bias + row));
        if (p.Accumulate)
            sum = TOps.Add(TOps.Load(y), sum);
        TOps.Store(sum, y);
    }
}
