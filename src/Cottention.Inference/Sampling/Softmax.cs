using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Cottention.Inference.Sampling;

/// <summary>
/// Softmax weights in double. Sums run in eight fixed lanes whatever the processor, so that they are equal to the bit everywhere.
/// </summary>
internal static class Softmax
{
    private const int Lanes = 8;

    /// <summary>Writes e^((logit - max) / temperature) and returns the sum; the largest weight is 1.</summary>
    /// <param name="logits">[n] f32, at most <paramref name="max"/>; -infinity gives weight 0.</param>
    /// <param name="max">The largest logit, finite.</param>
    /// <param name="temperature">Above 0.</param>
    /// <param name="weights">[n] f64.</param>
    public static double Weigh(ReadOnlySpan<float> logits, float max, float temperature, Span<double> weights)
    {
        var scale = 1.0 / temperature;
        var top = Vector512.Create((double)max);
        var sum = Vector512<double>.Zero;
        var i = 0;
        for (; i <= logits.Length - Lanes; i += Lanes)
        {
            var block = PortableMath.Exp((Load(logits[i..]) - top) * scale);
            block.CopyTo(weights[i..]);
            sum += block;
        }

        if (i < logits.Length)
        {
            Span<float> rest = stackalloc float[Lanes];
            Span<double> restWeights = stackalloc double[Lanes];
            rest.Fill(float.NegativeInfinity);
            logits[i..].CopyTo(rest);
            var block = PortableMath.Exp((Load(rest) - top) * scale);
            block.CopyTo(restWeights);
            restWeights[..(logits.Length - i)].CopyTo(weights[i..]);
            sum += block;
        }

        return Total(sum);
    }

    /// <summary>The sum of weights.</summary>
    public static double Sum(ReadOnlySpan<double> weights)
    {
        var sum = Vector512<double>.Zero;
        var i = 0;
        for (; i <= weights.Length - Lanes; i += Lanes)
            sum += Vector512.Create(weights[i..]);
        var rest = 0.0;
        for (; i < weights.Length; i++)
            rest += weights[i];
        return Total(sum) + rest;
    }

    /// <summary>The sum of the weights whose key is at least a threshold.</summary>
    /// <param name="keys">[n] f32, no NaN.</param>
    /// <param name="weights">[n] f64.</param>
    /// <param name="threshold">Least key that counts.</param>
    public static double SumAtLeast(ReadOnlySpan<float> keys, ReadOnlySpan<double> weights, float threshold)
    {
        // Of the two zeros -0, so that no key's difference to an equal threshold is -0.
        var limit = Vector256.Create(threshold == 0 ? -0f : threshold);
        var (low, high) = (Vector256<double>.Zero, Vector256<double>.Zero);
        var i = 0;
        for (; i <= keys.Length - Lanes; i += Lanes)
        {
            // The sign of the difference, spread over the lane: cheaper than a comparison, which makes a mask register.
            var dropped = Vector256.ShiftRightArithmetic((Vector256.Create(keys[i..]) - limit).AsInt32(), 31);
            var (droppedLow, droppedHigh) = Vector256.Widen(dropped);
            low += Vector256.AndNot(Vector256.Create(weights[i..]), droppedLow.AsDouble());
            high += Vector256.AndNot(Vector256.Create(weights[(i + 4)..]), droppedHigh.AsDouble());
        }

        var rest = 0.0;
        for (; i < keys.Length; i++)
            rest += keys[i] >= threshold ? weights[i] : 0;
        return Total(Vector512.Create(low, high)) + rest;
    }

    /// <summary>The mean of (logit - max) / temperature, weighted: the negative of the expected surprise, but for a constant.</summary>
    /// <param name="logits">[n] f32.</param>
    /// <param name="weights">[n] f64, 0 where the logit is -infinity.</param>
    /// <param name="max">As in <see cref="Weigh"/>.</param>
    /// <param name="temperature">As in <see cref="Weigh"/>.</param>
    /// <param name="total">The sum of the weights.</param>
    public static double Mean(ReadOnlySpan<float> logits, ReadOnlySpan<double> weights, float max, float temperature, double total)
    {
        var scale = 1.0 / temperature;
        var top = Vector512.Create((double)max);
        var sum = Vector512<double>.Zero;
        var i = 0;
        for (; i <= logits.Length - Lanes; i += Lanes)
            sum += Vector512.Create(weights[i..]) * Vector512.MaxNative((Load(logits[i..]) - top) * scale, Vector512.Create(double.MinValue));
        var rest = 0.0;
        for (; i < logits.Length; i++)
            rest += weights[i] * Math.Max(((double)logits[i] - max) * scale, double.MinValue);
        return (Total(sum) + rest) / total;
    }

    /// <summary>Writes -|(logit - max) / temperature - mean|: the larger, the closer a candidate's surprise is to the expected one.</summary>
    public static void Closeness(ReadOnlySpan<float> logits, float max, float temperature, double mean, Span<float> closeness)
    {
        var scale = 1.0 / temperature;
        var top = Vector512.Create((double)max);
        var i = 0;
        for (; i <= logits.Length - Lanes; i += Lanes)
        {
            var distance = Vector512.Abs((Load(logits[i..]) - top) * scale - Vector512.Create(mean));
            (-Vector256.Narrow(distance.GetLower(), distance.GetUpper())).CopyTo(closeness[i..]);
        }

        for (; i < logits.Length; i++)
            closeness[i] = -(float)Math.Abs(((double)logits[i] - max) * scale - mean);
    }

    /// <summary>The first eight values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Load(ReadOnlySpan<float> values)
    {
        if (Avx512F.IsSupported)
            return Avx512F.ConvertToVector512Double(Vector256.Create(values));
        var (low, high) = Vector256.Widen(Vector256.Create(values));
        return Vector512.Create(low, high);
    }

    private static double Total(Vector512<double> lanes)
    {
        var sum = lanes.GetLower() + lanes.GetUpper();
        return sum[0] + sum[1] + (sum[2] + sum[3]);
    }
}
