using System.Numerics;

namespace Cottention.Inference.Runners.Cpu;

/// <summary>
/// Causal cosine attention of one head as a recurrence, in plain loops: Cottention, arXiv 2409.18747.
/// Every faster implementation is compared with it.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
internal static class CosineAttentionNaive<T>
    where T : IFloatingPointIeee754<T>
{
    /// <summary>One token: S += v k^T, o = S q, with unit q and k and the value divided by count^sigma.</summary>
    /// <param name="query">[K], rotated, not normalised.</param>
    /// <param name="key">[K], rotated, not normalised.</param>
    /// <param name="value">[V].</param>
    /// <param name="sigma">Sigmoid of the head's norm_const.</param>
    /// <param name="count">Tokens seen, this one included: position + 1.</param>
    /// <param name="state">[V, K], updated in place.</param>
    /// <param name="output">[V].</param>
    public static void Step(
        ReadOnlySpan<T> query, ReadOnlySpan<T> key, ReadOnlySpan<T> value, double sigma, long count, Span<T> state, Span<T> output)
    {
        var unitQuery = Normalize(query);
        var unitKey = Normalize(key);
        var scaledValue = ScaleValue(value, sigma, count);

        for (var i = 0; i < value.Length; i++)
        {
            var row = state.Slice(i * key.Length, key.Length);
            output[i] = T.Zero;
            for (var j = 0; j < key.Length; j++)
            {
                row[j] += scaledValue[i] * unitKey[j];
                output[i] += row[j] * unitQuery[j];
            }
        }
    }

    /// <summary>x / max(|x|, 1e-12) over the whole head.</summary>
    public static T[] Normalize(ReadOnlySpan<T> x)
    {
        var sumOfSquares = T.Zero;
        foreach (var component in x)
            sumOfSquares += component * component;
        var norm = T.Max(T.Sqrt(sumOfSquares), T.CreateChecked(1e-12));

        var unit = new T[x.Length];
        for (var i = 0; i < x.Length; i++)
            unit[i] = x[i] / norm;
        return unit;
    }

    /// <summary>v / max(count^sigma, 1): the divisor belongs to the token's own value.</summary>
    public static T[] ScaleValue(ReadOnlySpan<T> value, double sigma, long count)
    {
        var divisor = T.CreateChecked(Math.Max(Math.Pow(count, sigma), 1.0));
        var scaled = new T[value.Length];
        for (var i = 0; i < value.Length; i++)
            scaled[i] = value[i] / divisor;
        return scaled;
    }

    /// <summary>Rotates the interleaved pairs (2i, 2i+1) of a head in place by the angles of a position (from 0).</summary>
    /// <param name="x">[K]; components from 2 * <paramref name="pairs"/> on stay.</param>
    /// <param name="pairs">Number of rotated pairs.</param>
    /// <param name="angle">Sine and cosine of a pair's angle at a position.</param>
    /// <param name="position">Position of the token, from 0.</param>
    public static void Rotate(Span<T> x, int pairs, Func<int, long, (double Sin, double Cos)> angle, long position)
    {
        for (var i = 0; i < pairs; i++)
        {
            var (sin, cos) = angle(i, position);
            var (s, c) = (T.CreateChecked(sin), T.CreateChecked(cos));
            var (even, odd) = (x[2 * i], x[(2 * i) + 1]);
            x[2 * i] = (even * c) - (odd * s);
            x[(2 * i) + 1] = (odd * c) + (even * s);
        }
    }
}
