using System.Runtime.CompilerServices;

namespace Cottention.Inference.Runners.Cpu.Kernels;

/// <summary>
/// Products of panels with tiles of 1, 2, 4 or 8 tokens, all sums of some vectors of rows in registers.
/// In every one of them a result is one chain of multiply-adds over the columns in ascending order, then the bias, then
/// what y held. So a result's bits do not depend on the tile it was computed in.
/// </summary>
internal static unsafe class PanelTiles<TOps, TVec, TPairs>
    where TVec : struct
    where TOps : struct, ISimd<TVec>
    where TPairs : struct, IWeightPairs
{
    private const MethodImplOptions Hot = MethodImplOptions.AggressiveOptimization;

    /// <summary>All panels of the product, in tiles that suit the number of registers: 32, or 16 with AVX2.</summary>
    public static void Multiply(in PanelProduct p)
    {
        var vectorsPerPanel = PackedMatrix.PanelRows / TOps.Width;
        var vector = p.FirstPanel * vectorsPerPanel;
        var end = vector + (p.PanelCount * vectorsPerPanel);
        switch (p.TileWidth)
        {
            case 1:
                OneToken<Rows4<TVec>>(p, ref vector, end);
                OneToken<Rows1<TVec>>(p, ref vector, end);
                break;
            case 2:
                TwoTokens<Rows4<TVec>>(p, ref vector, end);
                TwoTokens<Rows1<TVec>>(p, ref vector, end);
                break;
            case 8 when TOps.Width == 16:
                EightTokens<Rows3<TVec>>(p, ref vector, end);
                EightTokens<Rows1<TVec>>(p, ref vector, end);
                break;
            default:
                for (var token = 0; token < p.TileWidth; token += 4)
                    MultiplyFourTokens(p, vector, end, token);
                break;
        }
    }

    private static void MultiplyFourTokens(in PanelProduct p, int vector, int end, int token)
    {
        if (TOps.Width != 8)
            FourTokens<Rows4<TVec>>(p, ref vector, end, token);
        FourTokens<Rows2<TVec>>(p, ref vector, end, token);
        FourTokens<Rows1<TVec>>(p, ref vector, end, token);
    }

    [MethodImpl(Hot)]
    private static void OneToken<TRows>(in PanelProduct p, ref int vector, int end)
        where TRows : struct, IRowVectors<TRows, TVec>
    {
        for (; vector + TRows.Count <= end; vector += TRows.Count)
        {
            var streams = RowStreams.Open<TOps, TVec>(p, vector);
            var x = p.X;
            TRows s0 = default;
            for (var pair = p.ColumnPairs; pair > 0; pair--)
            {
                TRows.Read<TOps, TPairs>(ref streams, out var even, out var odd);
                s0.AddProduct<TOps>(in even, x[0]);
                s0.AddProduct<TOps>(in odd, x[1]);
                x += 2;
            }

            s0.Store<TOps>(p, 0, vector);
        }
    }

    [MethodImpl(Hot)]
    private static void TwoTokens<TRows>(in PanelProduct p, ref int vector, int end)
        where TRows : struct, IRowVectors<TRows, TVec>
    {
        for (; vector + TRows.Count <= end; vector += TRows.Count)
        {
            var streams = RowStreams.Open<TOps, TVec>(p, vector);
            var x = p.X;
            TRows s0 = default, s1 = default;
            for (var pair = p.ColumnPairs; pair > 0; pair--)
            {
                TRows.Read<TOps, TPairs>(ref streams, out var even, out var odd);
                s0.AddProduct<TOps>(in even, x[0]);
                s1.AddProduct<TOps>(in even, x[1]);
                s0.AddProduct<TOps>(in odd, x[2]);
                s1.AddProduct<TOps>(in odd, x[3]);
                x += 4;
            }

            s0.Store<TOps>(p, 0, vector);
            s1.Store<TOps>(p, 1, vector);
        }
    }

    [MethodImpl(Hot)]
    private static void FourTokens<TRows>(in PanelProduct p, ref int vector, int end, int token)
        where TRows : struct, IRowVectors<TRows, TVec>
    {
        for (; vector + TRows.Count <= end; vector += TRows.Count)
        {
            var streams = RowStreams.Open<TOps, TVec>(p, vector);
            var width = p.TileWidth;
            var x = p.X + token;
            TRows s0 = default, s1 = default, s2 = default, s3 = default;
            for (var pair = p.ColumnPairs; pair > 0; pair--)
            {
                TRows.Read<TOps, TPairs>(ref streams, out var even, out var odd);
                s0.AddProduct<TOps>(in even, x[0]);
                s1.AddProduct<TOps>(in even, x[1]);
                s2.AddProduct<TOps>(in even, x[2]);
                s3.AddProduct<TOps>(in even, x[3]);
                s0.AddProduct<TOps>(in odd, x[width]);
                s1.AddProduct<TOps>(in odd, x[width + 1]);
                s2.AddProduct<TOps>(in odd, x[width + 2]);
                s3.AddProduct<TOps>(in odd, x[width + 3]);
                x += 2 * width;
            }

            s0.Store<TOps>(p, token, vector);
            s1.Store<TOps>(p, token + 1, vector);
            s2.Store<TOps>(p, token + 2, vector);
            s3.Store<TOps>(p, token + 3, vector);
        }
    }

    [MethodImpl(Hot)]
    private static void EightTokens<TRows>(in PanelProduct p, ref int vector, int end)
        where TRows : struct, IRowVectors<TRows, TVec>
    {
        for (; vector + TRows.Count <= end; vector += TRows.Count)
        {
            var streams = RowStreams.Open<TOps, TVec>(p, vector);
            var x = p.X;
            TRows s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
            for (var pair = p.ColumnPairs; pair > 0; pair--)
            {
                TRows.Read<TOps, TPairs>(ref streams, out var even, out var odd);
                s0.AddProduct<TOps>(in even, x[0]);
                s1.AddProduct<TOps>(in even, x[1]);
                s2.AddProduct<TOps>(in even, x[2]);
                s3.AddProduct<TOps>(in even, x[3]);
                s4.AddProduct<TOps>(in even, x[4]);
                s5.AddProduct<TOps>(in even, x[5]);
                s6.AddProduct<TOps>(in even, x[6]);
                s7.AddProduct<TOps>(in even, x[7]);
                s0.AddProduct<TOps>(in odd, x[8]);
                s1.AddProduct<TOps>(in odd, x[9]);
                s2.AddProduct<TOps>(in odd, x[10]);
                s3.AddProduct<TOps>(in odd, x[11]);
                s4.AddProduct<TOps>(in odd, x[12]);
                s5.AddProduct<TOps>(in odd, x[13]);
                s6.AddProduct<TOps>(in odd, x[14]);
                s7.AddProduct<TOps>(in odd, x[15]);
                x += 16;
            }

            s0.Store<TOps>(p, 0, vector);
            s1.Store<TOps>(p, 1, vector);
            s2.Store<TOps>(p, 2, vector);
            s3.Store<TOps>(p, 3, vector);
            s4.Store<TOps>(p, 4, vector);
            s5.Store<TOps>(p, 5, vector);
            s6.Store<TOps>(p, 6, vector);
            s7.Store<TOps>(p, 7, vector);
        }
    }
}
