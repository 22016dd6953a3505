using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Cottention.Inference.Runners.Cpu.Kernels;

/// <summary>The recurrence of <see cref="CosineAttentionNaive{T}"/> in vectors over the value dim.</summary>
internal static unsafe class SimdHeadScan<TOps, TVec>
    where TVec : struct
    where TOps : struct, ISimd<TVec>
{
    private const float SmallestNorm = 1e-12f;

    // Floats ahead in the state: the next rows, and at its end the next head.
    private const int PrefetchFloats = 1024;

    private const MethodImplOptions Hot = MethodImplOptions.AggressiveOptimization;
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    /// <summary>Runs all tokens of the scan in order.</summary>
    [MethodImpl(Hot)]
    public static void Run(in HeadScan scan)
    {
        var width = scan.PaddedHeadDim;
        var state = scan.State;
        if (scan.PendingTokens > 0)
            Fold(state, scan.Pending, scan.PendingTokens, scan.HeadDim, width);
        if (scan.Tail != null)
        {
            Unsafe.CopyBlock(scan.StateCopy, state, (uint)(scan.HeadDim * width * sizeof(float)));
            state = scan.StateCopy;
        }

        var query = scan.Scratch;
        var key = scan.Scratch + width;
        for (var token = 0; token < scan.Tokens; token++)
        {
            var source = scan.QueryKeyValue + (token * scan.QueryStride);
            var cosines = scan.Cosines + (token * width);
            var sines = scan.Sines + (token * width);
            RotateAndNormalize(source, cosines, sines, query, width);
            RotateAndNormalize(source + width, cosines, sines, key, width);

            // v / max(count^sigma, 1)
            var scale = (float)(1.0 / Math.Max(Math.Exp(scan.Sigma * scan.LogCounts[token]), 1.0));
            var value = source + (2 * width);
            var output = scan.Output + (token * scan.OutputStride);
            if (scan.Tail != null)
                Keep(key, value, TOps.Broadcast(scale), scan.Tail + (token * 2 * width), width);
            var column = 0;
            for (; column + (4 * TOps.Width) <= width; column += 4 * TOps.Width)
                UpdateFourVectors(scan, query, key, value + column, TOps.Broadcast(scale), state + column, output + column);
            for (; column < width; column += TOps.Width)
                UpdateOneVector(scan, query, key, value + column, TOps.Broadcast(scale), state + column, output + column);
        }
    }

    /// <summary>See <see cref="CpuKernelSet.Fold"/>.</summary>
    [MethodImpl(Hot)]
    public static void Fold(float* state, float* tail, int tokens, int headDim, int width)
    {
        for (var j = 0; j < headDim; j++, state += width)
            for (var column = 0; column < width; column += TOps.Width)
            {
                var s = TOps.Load(state + column);
                var key = tail;
                for (var token = 0; token < tokens; token++, key += 2 * width)
                    s = TOps.MultiplyAdd(TOps.Broadcast(key[j]), TOps.Load(key + width + column), s);
                TOps.Store(s, state + column);
            }
    }

    [MethodImpl(Inline)]
    private static void Keep(float* key, float* value, TVec scale, float* tail, int width)
    {
        for (var i = 0; i < width; i += TOps.Width)
        {
            TOps.Store(TOps.Load(key + i), tail + i);
            TOps.Store(TOps.Multiply(TOps.Load(value + i), scale), tail + width + i);
        }
    }

    // y = rotate(x) / max(|rotate(x)|, 1e-12), over the whole head.
    [MethodImpl(Inline)]
    private static void RotateAndNormalize(float* x, float* cosines, float* sines, float* y, int width)
    {
        TVec squares = default;
        for (var i = 0; i < width; i += TOps.Width)
        {
            var component = TOps.Load(x + i);
            var straight = TOps.Multiply(component, TOps.Load(cosines + i));
            var rotated = TOps.MultiplyAdd(TOps.SwapPairs(component), TOps.Load(sines + i), straight);
            squares = TOps.MultiplyAdd(rotated, rotated, squares);
            TOps.Store(rotated, y + i);
        }

        var scale = TOps.Broadcast(1f / MathF.Max(MathF.Sqrt(TOps.Sum(squares)), SmallestNorm));
        for (var i = 0; i < width; i += TOps.Width)
            TOps.Store(TOps.Multiply(TOps.Load(y + i), scale), y + i);
    }

    // S[j][columns] += k[j] v[columns]; o[columns] = sum over j of q[j] S[j][columns], j ascending.
    [MethodImpl(Inline)]
    private static void UpdateFourVectors(
        in HeadScan scan, float* query, float* key, float* value, TVec scale, float* state, float* output)
    {
        var w = TOps.Width;
        var v0 = TOps.Multiply(TOps.Load(value), scale);
        var v1 = TOps.Multiply(TOps.Load(value + w), scale);
        var v2 = TOps.Multiply(TOps.Load(value + (2 * w)), scale);
        var v3 = TOps.Multiply(TOps.Load(value + (3 * w)), scale);
        TVec o0 = default, o1 = default, o2 = default, o3 = default;
        for (var j = 0; j < scan.HeadDim; j++)
        {
            Prefetch(state);
            var (k, q) = (TOps.Broadcast(key[j]), TOps.Broadcast(query[j]));
            var s0 = TOps.MultiplyAdd(k, v0, TOps.Load(state));
            var s1 = TOps.MultiplyAdd(k, v1, TOps.Load(state + w));
            var s2 = TOps.MultiplyAdd(k, v2, TOps.Load(state + (2 * w)));
            var s3 = TOps.MultiplyAdd(k, v3, TOps.Load(state + (3 * w)));
            TOps.Store(s0, state);
            TOps.Store(s1, state + w);
            TOps.Store(s2, state + (2 * w));
            TOps.Store(s3, state + (3 * w));
            o0 = TOps.MultiplyAdd(q, s0, o0);
            o1 = TOps.MultiplyAdd(q, s1, o1);
            o2 = TOps.MultiplyAdd(q, s2, o2);
            o3 = TOps.MultiplyAdd(q, s3, o3);
            state += scan.PaddedHeadDim;
        }

        TOps.Store(o0, output);
        TOps.Store(o1, output + w);
        TOps.Store(o2, output + (2 * w));
        TOps.Store(o3, output + (3 * w));
    }

    [MethodImpl(Inline)]
    private static void UpdateOneVector(
        in HeadScan scan, float* query, float* key, float* value, TVec scale, float* state, float* output)
    {
        var v = TOps.Multiply(TOps.Load(value), scale);
        TVec o = default;
        for (var j = 0; j < scan.HeadDim; j++)
        {
            var s = TOps.MultiplyAdd(TOps.Broadcast(key[j]), v, TOps.Load(state));
            TOps.Store(s, state);
            o = TOps.MultiplyAdd(TOps.Broadcast(query[j]), s, o);
            state += scan.PaddedHeadDim;
        }

        TOps.Store(o, output);
    }

    [MethodImpl(Inline)]
    private static void Prefetch(float* state)
    {
        if (!Sse.IsSupported)
            return;
        // Four vectors span one 64-byte line for every 16 floats.
        for (var i = 0; i < 4 * TOps.Width; i += 16)
            Sse.Prefetch0(state + PrefetchFloats + i);
    }
}
