using System.Runtime.CompilerServices;

namespace Cottention.Inference.Runners.Cpu.Kernels;

/// <summary>The one order of sums of all quantised products.</summary>
internal static class IntegerTiles
{
    /// <summary>sum + (integer sums + start) * (weight scales * activation scale): exact integers, then one multiply-add.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec AddGroup<TOps, TVec, TDot>(TVec sum, TVec integers, TVec scales, TVec scale, TVec start)
        where TVec : struct
        where TOps : struct, ISimd<TVec>
        where TDot : struct, IQuadDot
    {
        var exact = TOps.AddInts(TDot.Finish<TOps, TVec>(integers), start);
        return TOps.MultiplyAdd(TOps.ToFloats(exact), TOps.Multiply(scales, scale), sum);
    }
}

/// <summary>
/// Products of quantised panels with tiles of 1, 2, 4 or 8 quantised tokens. In every one of them a result is one chain of
/// multiply-adds over the groups in ascending order, then the bias, then what y held.
/// </summary>
internal static unsafe class IntegerTiles<TOps, TVec, TWeights, TDot>
    where TVec : struct
    where TOps : struct, ISimd<TVec>
    where TWeights : struct, IQuadWeights
    where TDot : struct, IQuadDot
{
    private const MethodImplOptions Hot = MethodImplOptions.AggressiveOptimization;
    private const int QuadsPerHalf = 4;

    /// <summary>All panels of the product.</summary>
    public static void Multiply(in PanelProduct p)
    {
        var vectorsPerPanel = PackedMatrix.PanelRows / TOps.Width;
        var vector = p.FirstPanel * vectorsPerPanel;
        var end = vector + (p.PanelCount * vectorsPerPanel);
        switch (p.TileWidth)
        {
            case 1:
                // One stream through all panels: memory decides, and two streams of few KB each lose what is fetched ahead.
                OneToken<IntegerRows1<TVec>>(p, ref vector, end);
                break;
            case 2:
                TwoTokens<IntegerRows2<TVec>>(p, ref vector, end);
                TwoTokens<IntegerRows1<TVec>>(p, ref vector, end);
                break;
            default:
                for (var token = 0; token < p.TileWidth; token += 4)
                    MultiplyFourTokens(p, vector, end, token);
                break;
        }
    }

    private static void MultiplyFourTokens(in PanelProduct p, int vector, int end, int token)
    {
        FourTokens<IntegerRows2<TVec>>(p, ref vector, end, token);
        FourTokens<IntegerRows1<TVec>>(p, ref vector, end, token);
    }

    [MethodImpl(Hot)]
    private static void OneToken<TRows>(in PanelProduct p, ref int vector, int end)
        where TRows : struct, IIntegerRows<TRows, TVec>
    {
        for (; vector + TRows.Count <= end; vector += TRows.Count)
        {
            var streams = IntegerStreams.Open(p, vector, TOps.Width);
            var x = p.Quads;
            TRows sum0 = default;
            for (var group = 0; group < p.GroupCount; group++)
            {
                TRows s0 = default;
                for (var quad = 0; quad < QuadsPerHalf; quad++)
                {
                    streams.Prefetch<TWeights>(TRows.Count, quad);
                    TRows.Load<TOps, TWeights>(streams, quad, out var first, out var second);
                    TRows.Prepare<TOps, TDot>(first, out var w, out var more);
                    s0.AddQuad<TOps, TDot>(w, more, x);
                    TRows.Prepare<TOps, TDot>(second, out w, out more);
                    s0.AddQuad<TOps, TDot>(w, more, x + (QuadsPerHalf * TDot.QuadBytes));
                    x += TDot.QuadBytes;
                }

                x += QuadsPerHalf * TDot.QuadBytes;
                sum0.AddGroup<TOps, TDot>(s0, TRows.LoadScales<TOps>(streams, group & 1), p.Scales[group], p.Corrections[group]);
                Next(ref streams, group);
            }

            sum0.Store<TOps>(p, 0, vector);
        }
    }

    [MethodImpl(Hot)]
    private static void TwoTokens<TRows>(in PanelProduct p, ref int vector, int end)
        where TRows : struct, IIntegerRows<TRows, TVec>
    {
        for (; vector + TRows.Count <= end; vector += TRows.Count)
        {
            var streams = IntegerStreams.Open(p, vector, TOps.Width);
            var x = p.Quads;
            TRows sum0 = default, sum1 = default;
            for (var group = 0; group < p.GroupCount; group++)
            {
                TRows s0 = default, s1 = default;
                for (var quad = 0; quad < QuadsPerHalf; quad++)
                {
                    streams.Prefetch<TWeights>(TRows.Count, quad);
                    TRows.Load<TOps, TWeights>(streams, quad, out var first, out var second);
                    TRows.Prepare<TOps, TDot>(first, out var w, out var more);
                    s0.AddQuad<TOps, TDot>(w, more, x);
                    s1.AddQuad<TOps, TDot>(w, more, x + TDot.QuadBytes);
                    TRows.Prepare<TOps, TDot>(second, out w, out more);
                    s0.AddQuad<TOps, TDot>(w, more, x + (QuadsPerHalf * 2 * TDot.QuadBytes));
                    s1.AddQuad<TOps, TDot>(w, more, x + (((QuadsPerHalf * 2) + 1) * TDot.QuadBytes));
                    x += 2 * TDot.QuadBytes;
                }

                x += QuadsPerHalf * 2 * TDot.QuadBytes;
                var rowScales = TRows.LoadScales<TOps>(streams, group & 1);
                sum0.AddGroup<TOps, TDot>(s0, rowScales, p.Scales[2 * group], p.Corrections[2 * group]);
                sum1.AddGroup<TOps, TDot>(s1, rowScales, p.Scales[(2 * group) + 1], p.Corrections[(2 * group) + 1]);
                Next(ref streams, group);
            }

            sum0.Store<TOps>(p, 0, vector);
            sum1.Store<TOps>(p, 1, vector);
        }
    }

    [MethodImpl(Hot)]
    private static void FourTokens<TRows>(in PanelProduct p, ref int vector, int end, int token)
        where TRows : struct, IIntegerRows<TRows, TVec>
    {
        for (; vector + TRows.Count <= end; vector += TRows.Count)
        {
            var streams = IntegerStreams.Open(p, vector, TOps.Width);
            var (width, quadBytes) = (p.TileWidth, p.TileWidth * TDot.QuadBytes);
            var x = p.Quads + (token * TDot.QuadBytes);
            var scales = p.Scales + token;
            var corrections = p.Corrections + token;
            TRows sum0 = default, sum1 = default, sum2 = default, sum3 = default;
            for (var group = 0; group < p.GroupCount; group++)
            {
                TRows s0 = default, s1 = default, s2 = default, s3 = default;
                for (var quad = 0; quad < QuadsPerHalf; quad++)
                {
                    streams.Prefetch<TWeights>(TRows.Count, quad);
                    TRows.Load<TOps, TWeights>(streams, quad, out var first, out var second);
                    TRows.Prepare<TOps, TDot>(first, out var w, out var more);
                    s0.AddQuad<TOps, TDot>(w, more, x);
                    s1.AddQuad<TOps, TDot>(w, more, x + TDot.QuadBytes);
                    s2.AddQuad<TOps, TDot>(w, more, x + (2 * TDot.QuadBytes));
                    s3.AddQuad<TOps, TDot>(w, more, x + (3 * TDot.QuadBytes));
                    TRows.Prepare<TOps, TDot>(second, out w, out more);
                    var later = x + (QuadsPerHalf * quadBytes);
                    s0.AddQuad<TOps, TDot>(w, more, later);
                    s1.AddQuad<TOps, TDot>(w, more, later + TDot.QuadBytes);
                    s2.AddQuad<TOps, TDot>(w, more, later + (2 * TDot.QuadBytes));
                    s3.AddQuad<TOps, TDot>(w, more, later + (3 * TDot.QuadBytes));
                    x += quadBytes;
                }

                x += QuadsPerHalf * quadBytes;
                var rowScales = TRows.LoadScales<TOps>(streams, group & 1);
                sum0.AddGroup<TOps, TDot>(s0, rowScales, scales[0], corrections[0]);
                sum1.AddGroup<TOps, TDot>(s1, rowScales, scales[1], corrections[1]);
                sum2.AddGroup<TOps, TDot>(s2, rowScales, scales[2], corrections[2]);
                sum3.AddGroup<TOps, TDot>(s3, rowScales, scales[3], corrections[3]);
                scales += width;
                corrections += width;
                Next(ref streams, group);
            }

            sum0.Store<TOps>(p, token, vector);
            sum1.Store<TOps>(p, token + 1, vector);
            sum2.Store<TOps>(p, token + 2, vector);
            sum3.Store<TOps>(p, token + 3, vector);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Next(ref IntegerStreams streams, int group)
    {
        if ((group & 1) == 0)
            streams.NextGroup(TWeights.GroupBytes);
        else
            streams.NextBlock(TWeights.GroupBytes);
    }
}
