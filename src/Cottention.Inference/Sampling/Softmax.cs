using System.Runtime.Intrinsics;

namespace Cottention.Inference.Sampling;

/// <summary>
/// Softmax weights in double. Sums run in eight fixed lanes whatever the processor, so that they are equal to the bit everywhere.
/// </summary>
internal static class Softmax
{
    // Floats per turn: two vectors of four doubles.
    private const int Block = 8;

    /// <summary>Writes e^((logit - max) / temperature) and returns the sum; the largest weight is 1.</summary>
    /// <param name="logits">[n] f32, at most <paramref name="max"/>; -infinity gives weight 0.</param>
    /// <param name="max">The largest logit, finite.</param>
    /// <param name="temperature">Above 0.</param>
    /// <param name="weights">[n] f64.</param>
    public static double Weigh(ReadOnlySpan<float> logits, float max, float temperature, Span<double> weights)
    {
        var scale = 1.0 / temperature;
        var (low, high) = (Vector256<double>.Zero, Vector256<double>.Zero);
        var i = 0;
        for (; i <= logits.Length - Block; i += Block)
        {
            var (first, second) = Weigh(Vector256.Create(logits[i..]), max, scale);
            first.CopyTo(weights[i..]);
            second.CopyTo(weights[(i + 4)..]);
            low += first;
            high += second;
        }

        if (i < logits.Length)
        {
            Span<float> rest = stackalloc float[Block];
            Span<double> restWeights = stackalloc double[Block];
            rest.Fill(float.NegativeInfinity);
            logits[i..].CopyTo(rest);
            var (first, second) = Weigh(Vector256.Create((ReadOnlySpan<float>)rest), max, scale);
            first.CopyTo(restWeights);
            second.CopyTo(restWeights[4..]);
            restWeights[..(logits.Length - i)].CopyTo(weights[i..]);
            low += first;
            high += second;
        }

        return Sum(low, high);
    }

    /// <summary>The sum of weights, in the order of <see cref="Weigh(ReadOnlySpan{float}, float, float, Span{double})"/>.</summary>
    public static double Sum(ReadOnlySpan<double> weights)
    {
        var (low, high) = (Vector256<double>.Zero, Vector256<double>.Zero);
        var i = 0;
        for (; i <= weights.Length - Block; i += Block)
        {
            low += Vector256.Create(weights[i..]);
            high += Vector256.Create(weights[(i + 4)..]);
        }

        var rest = 0.0;
        for (; i < weights.Length; i++)
            rest += weights[i];
        return Sum(low, high) + rest;
    }

    /// <summary>The sum of the weights whose key is at least a threshold.</summary>
    /// <param name="keys">[n] f32, no NaN.</param>
    /// <param name="weights">[n] f64.</param>
    /// <param name="threshold">Least key that counts.</param>
    public static double SumAtLeast(ReadOnlySpan<float> keys, ReadOnlySpan<double> weights, float threshold)
    {
        var limit = Vector256.Create(threshold);
        var (low, high) = (Vector256<double>.Zero, Vector256<double>.Zero);
        var i = 0;
        for (; i <= keys.Length - Block; i += Block)
        {
            var kept = Vector256.GreaterThanOrEqual(Vector256.Create(keys[i..]), limit).AsInt32();
            var (keptLow, keptHigh) = Vector256.Widen(kept);
            low += Vector256.Create(weights[i..]) & keptLow.AsDouble();
            high += Vector256.Create(weights[(i + 4)..]) & keptHigh.AsDouble();
        }

        var rest = 0.0;
        for (; i < keys.Length; i++)
            rest += keys[i] >= threshold ? weights[i] : 0;
        return Sum(low, high) + rest;
    }

    private static (Vector256<double> First, Vector256<double> Second) Weigh(Vector256<float> logits, float max, double scale)
    {
        var (first, second) = Vector256.Widen(logits);
        var top = Vector256.Create((double)max);
        return (PortableMath.Exp((first - top) * scale), PortableMath.Exp((second - top) * scale));
    }

    private static double Sum(Vector256<double> low, Vector256<double> high)
    {
        var sum = low + high;
        return sum[0] + sum[1] + (sum[2] + sum[3]);
    }
}
