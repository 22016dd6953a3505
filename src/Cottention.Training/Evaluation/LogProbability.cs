using System.Numerics;

namespace Cottention.Training.Evaluation;

/// <summary>Probabilities from logits, in double.</summary>
internal static class LogProbability
{
    /// <summary>The logarithm of the sum of e^logit: what a logit is above it is that token's log-probability.</summary>
    /// <param name="logits">[N] f32.</param>
    /// <returns>NaN where a logit is NaN.</returns>
    public static double Normalizer(ReadOnlySpan<float> logits)
    {
        var max = float.NegativeInfinity;
        foreach (var logit in logits)
            max = MathF.Max(max, logit);
        var (sum, top) = (Vector<double>.Zero, new Vector<double>(max));
        var i = 0;
        for (; i <= logits.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Widen(new Vector<float>(logits[i..]), out var low, out var high);
            sum += Vector.Exp(low - top) + Vector.Exp(high - top);
        }
        var total = Vector.Sum(sum);
        for (; i < logits.Length; i++)
            total += Math.Exp((double)logits[i] - max);
        return max + Math.Log(total);
    }
}
