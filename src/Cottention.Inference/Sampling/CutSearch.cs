namespace Cottention.Inference.Sampling;

/// <summary>
/// Finds where to cut the best candidates off without sorting: bisects the threshold, each probe one vectorised pass.
/// (1) Gallop down from the largest key in doubling strides until enough lies above. (2) Bisect. (3) By mass: once the
/// band still in question is small, copy it out and go on there. (4) Break ties in order.
/// </summary>
internal sealed class CutSearch
{
    // The band is copied out when it has shrunk to this fraction of the candidates, or to this many.
    private const int BandFraction = 16;
    private const int SmallBand = 256;

    // Probes that halve the interval; later ones halve the number of floats in it, which ends within 32 more.
    private const int ArithmeticProbes = 24;

    private readonly float[] _bandKeys;
    private readonly double[] _bandWeights;

    /// <summary>A search over at most <paramref name="capacity"/> candidates.</summary>
    public CutSearch(int capacity)
    {
        _bandKeys = new float[capacity];
        _bandWeights = new double[capacity];
    }

    /// <summary>The cut that keeps exactly the <paramref name="count"/> largest keys; ties go to the first ones.</summary>
    /// <param name="keys">[n] f32, no NaN.</param>
    /// <param name="max">The largest key, finite.</param>
    /// <param name="count">1 to n.</param>
    public static Cut ByCount(ReadOnlySpan<float> keys, float max, int count)
    {
        // Invariant: at least `count` keys are >= low; `above` of them, fewer than `count`, are >= high.
        var (low, high, above, stride) = (max, MathF.BitIncrement(max), 0, 1f);
        for (int atLeast; (atLeast = LogitsScan.CountAtLeast(keys, low)) < count; stride *= 2)
            (low, high, above) = (max - stride, low, atLeast);

        for (var probe = 0; Middle(low, high, probe, out var middle); probe++)
        {
            var atLeast = LogitsScan.CountAtLeast(keys, middle);
            if (atLeast == count)
                return Cut.AtLeast(middle);
            if (atLeast > count)
                low = middle;
            else
                (high, above) = (middle, atLeast);
        }

        return new Cut(low, count - above);
    }

    /// <summary>The cut that keeps the fewest largest keys whose weights sum to at least a target; ties go to the first ones.</summary>
    /// <param name="keys">[n] f32, no NaN.</param>
    /// <param name="weights">[n] f64, not negative.</param>
    /// <param name="max">The largest key, finite.</param>
    /// <param name="target">Above 0 and below the sum of all weights.</param>
    public Cut ByMass(ReadOnlySpan<float> keys, ReadOnlySpan<double> weights, float max, double target)
    {
        // Invariant: the weights of keys >= low sum to the target; `above`, the sum for keys >= high, falls short of it.
        var (low, high, above, stride) = (max, MathF.BitIncrement(max), 0.0, 1f);
        for (double mass; (mass = Softmax.SumAtLeast(keys, weights, low)) < target; stride *= 2)
        {
            if (float.IsNegativeInfinity(low))
                return Cut.AtLeast(low);
            (low, high, above) = (max - stride, low, mass);
        }

        var (outside, copied) = (0.0, false);
        for (var probe = 0; Middle(low, high, probe, out var middle); probe++)
        {
            if (!copied && TryCopyBand(ref keys, ref weights, low, high))
                (outside, copied) = (above, true);
            var mass = outside + Softmax.SumAtLeast(keys, weights, middle);
            if (mass >= target)
                low = middle;
            else
                (high, above) = (middle, mass);
        }

        return new Cut(low, CountTies(keys, weights, low, target - above));
    }

    private bool TryCopyBand(ref ReadOnlySpan<float> keys, ref ReadOnlySpan<double> weights, float low, float high)
    {
        var band = LogitsScan.CountAtLeast(keys, low) - LogitsScan.CountAtLeast(keys, high);
        if (band > Math.Max(SmallBand, keys.Length / BandFraction))
            return false;

        var count = 0;
        for (var i = LogitsScan.SkipBelow(keys, 0, low); count < band; i = LogitsScan.SkipBelow(keys, i + 1, low))
        {
            if (!(keys[i] >= low && keys[i] < high))
                continue;
            _bandKeys[count] = keys[i];
            _bandWeights[count++] = weights[i];
        }

        keys = _bandKeys.AsSpan(0, band);
        weights = _bandWeights.AsSpan(0, band);
        return true;
    }

    // How many of the equal keys it takes, in order, to make up what is missing.
    private static int CountTies(ReadOnlySpan<float> keys, ReadOnlySpan<double> weights, float key, double missing)
    {
        var (ties, sum) = (0, 0.0);
        for (var i = LogitsScan.SkipBelow(keys, 0, key); i < keys.Length && sum < missing; i = LogitsScan.SkipBelow(keys, i + 1, key))
        {
            if (keys[i] != key)
                continue;
            sum += weights[i];
            ties++;
        }

        return ties;
    }

    // False once no float lies between; then every key of the band equals `low`.
    private static bool Middle(float low, float high, int probe, out float middle)
    {
        middle = low + (high - low) / 2;
        if (probe < ArithmeticProbes && middle > low && middle < high)
            return true;
        var (lowRank, highRank) = (Rank(low), Rank(high));
        var rank = (int)(((long)lowRank + highRank) >> 1);
        middle = BitConverter.Int32BitsToSingle(rank < 0 ? rank ^ int.MaxValue : rank);
        return rank > lowRank && rank < highRank;
    }

    // Integers in the order of the floats.
    private static int Rank(float value)
    {
        var bits = BitConverter.SingleToInt32Bits(value);
        return bits < 0 ? bits ^ int.MaxValue : bits;
    }
}
