using System.Runtime.Intrinsics;

namespace Cottention.Inference.Sampling;

/// <summary>
/// Finds the logit at which top_p cuts, from estimated weights: eight thresholds a pass until the band in question is small,
/// then the band alone. Says no where the cut is too close to call.
/// </summary>
/// <param name="capacity">Most tokens.</param>
/// <param name="sumError">Largest error of a sum, as a fraction of the sum of all weights.</param>
internal sealed class NucleusEstimate(int capacity, double sumError)
{
    private const int Thresholds = 8;

    // A band of this size is walked from its top, one token after the other.
    private const int SmallBand = 48;

    // The band is copied out when two passes have narrowed it down; more passes than these mean many equal logits.
    private const int PassesBeforeCopy = 2;
    private const int MaxPasses = 12;

    // So that rounding does not put the least logit that can stay above itself.
    private const double LeastSlack = 0.01;

    private readonly float[] _keys = new float[capacity];
    private readonly int[] _indices = new int[capacity];
    private readonly double[] _weights = new double[capacity];

    /// <summary>The least logit that stays.</summary>
    /// <param name="logits">[n] f32.</param>
    /// <param name="weights">[n] f64, estimates.</param>
    /// <param name="max">The largest logit.</param>
    /// <param name="temperature">What the weights were made with.</param>
    /// <param name="total">Sum of the weights.</param>
    /// <param name="fraction">Of the total that stays, below 1.</param>
    /// <param name="threshold">The cut.</param>
    public bool TryCut(
        ReadOnlySpan<float> logits, ReadOnlySpan<double> weights, float max, float temperature, double total, double fraction, out float threshold)
    {
        threshold = float.NaN;
        // All tokens lighter than an equal share of what may be lost are lost.
        var least = max + temperature * (Math.Log(Math.Max(1 - fraction, sumError) * total / logits.Length) - LeastSlack);
        var band = new Band((float)least, MathF.BitIncrement(max), 0);
        var target = fraction * total;
        Span<float> limits = stackalloc float[Thresholds];
        Span<double> sums = stackalloc double[Thresholds];
        var keys = logits;
        var masses = weights;
        var outside = 0.0;
        if (keys.Length <= SmallBand)
            keys.CopyTo(_keys);
        for (var pass = 0; keys.Length > SmallBand; pass++)
        {
            if (pass == MaxPasses || !(band.Low < band.High))
                return false;
            for (var i = 0; i < Thresholds; i++)
                limits[i] = band.Low + (band.High - band.Low) * ((i + 1f) / (Thresholds + 1));
            SumAtLeast(keys, masses, limits, sums);
            band = Narrow(band, limits, sums, outside, target);
            if (pass + 1 < PassesBeforeCopy && keys.Length == logits.Length)
                continue;
            var count = CopyBand(keys, masses, band);
            keys = _keys.AsSpan(0, count);
            masses = _weights.AsSpan(0, count);
            outside = band.Above;
        }

        return Walk(_keys.AsSpan(0, keys.Length), masses, outside, target, sumError * total, out threshold);
    }

    // Between which two thresholds the sum passes the target.
    private static Band Narrow(Band band, ReadOnlySpan<float> limits, ReadOnlySpan<double> sums, double outside, double target)
    {
        for (var i = Thresholds - 1; i >= 0; i--)
        {
            var mass = outside + sums[i];
            if (mass >= target)
                return band with { Low = limits[i] };
            band = band with { High = limits[i], Above = mass };
        }

        return band;
    }

    private int CopyBand(ReadOnlySpan<float> keys, ReadOnlySpan<double> weights, in Band band)
    {
        var count = LogitsScan.Filter(keys, band.Low, band.High, _keys, _indices);
        for (var i = 0; i < count; i++)
            _weights[i] = weights[_indices[i]];
        return count;
    }

    // From the largest logit of a small band down, until the sum has passed the target.
    private static bool Walk(Span<float> keys, ReadOnlySpan<double> weights, double above, double target, double margin, out float threshold)
    {
        threshold = float.NaN;
        for (var left = keys.Length; left > 0; left--)
        {
            var best = 0;
            for (var i = 1; i < keys.Length; i++)
                best = keys[i] > keys[best] ? i : best;
            var (key, previous) = (keys[best], threshold);
            var mass = above + weights[best];
            threshold = key;
            if (mass >= target)
                // Of equal ones at the cut only some stay: the exact way knows which.
                return mass - target > margin && target - above > margin && key != previous && !keys[(best + 1)..].Contains(key);
            (above, keys[best]) = (mass, float.NegativeInfinity);
        }

        return false;
    }

    private static void SumAtLeast(ReadOnlySpan<float> keys, ReadOnlySpan<double> weights, ReadOnlySpan<float> limits, Span<double> sums)
    {
        var zero = Vector512<double>.Zero;
        var (s0, s1, s2, s3, s4, s5, s6, s7) = (zero, zero, zero, zero, zero, zero, zero, zero);
        var (t0, t1, t2, t3) = (Wide(limits[0]), Wide(limits[1]), Wide(limits[2]), Wide(limits[3]));
        var (t4, t5, t6, t7) = (Wide(limits[4]), Wide(limits[5]), Wide(limits[6]), Wide(limits[7]));
        var i = 0;
        for (; i <= keys.Length - 8; i += 8)
        {
            var key = Softmax.Load(keys[i..]);
            var weight = Vector512.Create(weights[i..]);
            s0 = Vector512.ConditionalSelect(Vector512.GreaterThanOrEqual(key, t0), s0 + weight, s0);
            s1 = Vector512.ConditionalSelect(Vector512.GreaterThanOrEqual(key, t1), s1 + weight, s1);
            s2 = Vector512.ConditionalSelect(Vector512.GreaterThanOrEqual(key, t2), s2 + weight, s2);
            s3 = Vector512.ConditionalSelect(Vector512.GreaterThanOrEqual(key, t3), s3 + weight, s3);
            s4 = Vector512.ConditionalSelect(Vector512.GreaterThanOrEqual(key, t4), s4 + weight, s4);
            s5 = Vector512.ConditionalSelect(Vector512.GreaterThanOrEqual(key, t5), s5 + weight, s5);
            s6 = Vector512.ConditionalSelect(Vector512.GreaterThanOrEqual(key, t6), s6 + weight, s6);
            s7 = Vector512.ConditionalSelect(Vector512.GreaterThanOrEqual(key, t7), s7 + weight, s7);
        }

        (sums[0], sums[1], sums[2], sums[3]) = (Vector512.Sum(s0), Vector512.Sum(s1), Vector512.Sum(s2), Vector512.Sum(s3));
        (sums[4], sums[5], sums[6], sums[7]) = (Vector512.Sum(s4), Vector512.Sum(s5), Vector512.Sum(s6), Vector512.Sum(s7));
        for (; i < keys.Length; i++)
            for (var limit = 0; limit < limits.Length; limit++)
                sums[limit] += keys[i] >= limits[limit] ? weights[i] : 0;
    }

    private static Vector512<double> Wide(float value) => Vector512.Create((double)value);

    /// <summary>The cut lies at a logit of at least <paramref name="Low"/> and below <paramref name="High"/>; so much weight lies above.</summary>
    private readonly record struct Band(float Low, float High, double Above);
}
