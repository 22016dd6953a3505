using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Cottention.Inference.Sampling;

/// <summary>
/// Softmax weights near the exact ones of <see cref="Softmax"/>: a shorter series, fused operations where the processor has
/// them, sums in whatever order is quick. Relative error of a weight below 3e-10; those below 2^-1000 are as good as 0.
/// </summary>
internal static class WeightEstimate
{
    /// <summary>Tokens of a partial sum.</summary>
    public const int Block = 128;

    private const int Lanes = 8;
    private const double Log2E = 1.4426950408889634;
    private const double Least = -1000;

    // Added to a number up to 0 and above -1022, leaves the nearest integer n as n + 1023 in the low bits.
    private const double RoundingMagic = 6755399441055744.0 + 1023;

    /// <summary>Writes the weights, 0 behind the last token, and their sums by blocks; returns the sum of all.</summary>
    /// <param name="logits">[n] f32.</param>
    /// <param name="max">The largest, finite.</param>
    /// <param name="temperature">Above 0.</param>
    /// <param name="weights">n rounded up to whole blocks.</param>
    /// <param name="blocks">One for each block.</param>
    public static double Weigh(ReadOnlySpan<float> logits, float max, float temperature, Span<double> weights, Span<double> blocks)
    {
        var scale = Vector512.Create(Log2E / temperature);
        var top = Vector512.Create((double)max);
        var whole = logits.Length / Block;
        for (var block = 0; block < whole; block++)
            blocks[block] = WeighBlock(logits.Slice(block * Block, Block), top, scale, weights.Slice(block * Block, Block));
        if (whole < blocks.Length)
        {
            Span<float> rest = stackalloc float[Block];
            rest.Fill(float.NegativeInfinity);
            logits[(whole * Block)..].CopyTo(rest);
            blocks[whole] = WeighBlock(rest, top, scale, weights[(whole * Block)..]);
        }

        weights[logits.Length..].Clear();
        var total = 0.0;
        foreach (var sum in blocks)
            total += sum;
        return total;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static double WeighBlock(ReadOnlySpan<float> logits, Vector512<double> top, Vector512<double> scale, Span<double> weights)
    {
        var sum = Vector512<double>.Zero;
        for (var i = 0; i < Block; i += Lanes)
        {
            var weight = Exp2((Softmax.Load(logits[i..]) - top) * scale);
            weight.CopyTo(weights[i..]);
            sum += weight;
        }

        return Vector512.Sum(sum);
    }

    /// <summary>Sums, by blocks, the weights of what is kept; returns the sum of all.</summary>
    public static double SumBlocks(ReadOnlySpan<float> logits, ReadOnlySpan<double> weights, in Kept kept, Span<double> blocks)
    {
        var (leastLogit, leastWeight) = (Vector512.Create((double)kept.Logit), Vector512.Create(kept.Weight));
        var total = 0.0;
        for (var block = 0; block < blocks.Length; block++)
        {
            var (start, end) = (block * Block, Math.Min(logits.Length, (block + 1) * Block));
            var sum = Vector512<double>.Zero;
            var i = start;
            for (; i <= end - Lanes; i += Lanes)
            {
                var weight = Vector512.Create(weights[i..]);
                var mask = Vector512.GreaterThanOrEqual(Softmax.Load(logits[i..]), leastLogit) & Vector512.GreaterThanOrEqual(weight, leastWeight);
                sum = Vector512.ConditionalSelect(mask, sum + weight, sum);
            }

            var scalar = Vector512.Sum(sum);
            for (; i < end; i++)
                scalar += kept.Has(logits[i], weights[i]) ? weights[i] : 0;
            blocks[block] = scalar;
            total += scalar;
        }

        return total;
    }

    /// <summary>Whether a weight lies between two bounds.</summary>
    public static bool AnyWithin(ReadOnlySpan<double> weights, double low, double high)
    {
        var (least, most) = (Vector512.Create(low), Vector512.Create(high));
        var i = 0;
        for (; i <= weights.Length - Lanes; i += Lanes)
        {
            var weight = Vector512.Create(weights[i..]);
            if (Vector512.GreaterThanOrEqualAny(Vector512.ConditionalSelect(Vector512.LessThanOrEqual(weight, most), weight, Vector512<double>.Zero), least))
                return true;
        }

        for (; i < weights.Length; i++)
            if (weights[i] >= low && weights[i] <= high)
                return true;
        return false;
    }

    // 2^x for x up to 0.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> Exp2(Vector512<double> x)
    {
        x = Vector512.MaxNative(x, Vector512.Create(Least));
        var rounded = x + Vector512.Create(RoundingMagic);
        var r = x - (rounded - Vector512.Create(RoundingMagic));

        // (r ln 2)^k / k! to k = 8; |r| is at most 1/2.
        var sum = Vector512.Create(1.3215486790144307e-06);
        sum = Vector512.MultiplyAddEstimate(sum, r, Vector512.Create(1.5252733804059841e-05));
        sum = Vector512.MultiplyAddEstimate(sum, r, Vector512.Create(1.5403530393381608e-04));
        sum = Vector512.MultiplyAddEstimate(sum, r, Vector512.Create(1.3333558146428443e-03));
        sum = Vector512.MultiplyAddEstimate(sum, r, Vector512.Create(9.6181291076284772e-03));
        sum = Vector512.MultiplyAddEstimate(sum, r, Vector512.Create(5.5504108664821580e-02));
        sum = Vector512.MultiplyAddEstimate(sum, r, Vector512.Create(2.4022650695910072e-01));
        sum = Vector512.MultiplyAddEstimate(sum, r, Vector512.Create(6.9314718055994531e-01));
        sum = Vector512.MultiplyAddEstimate(sum, r, Vector512<double>.One);
        return sum * Vector512.ShiftLeft(rounded.AsInt64(), 52).AsDouble();
    }
}
