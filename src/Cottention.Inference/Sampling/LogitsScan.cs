using System.Numerics;

namespace Cottention.Inference.Sampling;

/// <summary>Vectorised looks at a row of logits <c>[N] f32</c>. Each result is exact, so the vector width does not show in it.</summary>
internal static class LogitsScan
{
    /// <summary>The largest logit. False where the row holds NaN or +infinity, or nothing above -infinity.</summary>
    public static bool TryMax(ReadOnlySpan<float> logits, out float max)
    {
        var largest = new Vector<float>(float.NegativeInfinity);
        var sound = Vector<int>.AllBitsSet;
        var limit = new Vector<float>(float.MaxValue);
        var i = 0;
        for (; i <= logits.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var block = new Vector<float>(logits[i..]);
            largest = Vector.MaxNative(largest, block);
            sound &= Vector.LessThanOrEqual(block, limit);
        }

        max = float.NegativeInfinity;
        for (var lane = 0; lane < Vector<float>.Count; lane++)
            max = largest[lane] > max ? largest[lane] : max;
        var allSound = sound == Vector<int>.AllBitsSet;
        for (; i < logits.Length; i++)
        {
            allSound &= logits[i] <= float.MaxValue;
            max = logits[i] > max ? logits[i] : max;
        }

        return allSound && max > float.NegativeInfinity;
    }

    /// <summary>The first index that holds a value; -1 where none does.</summary>
    public static int IndexOf(ReadOnlySpan<float> logits, float value)
    {
        var wanted = new Vector<float>(value);
        var i = 0;
        while (i <= logits.Length - Vector<float>.Count && !Vector.EqualsAny(new Vector<float>(logits[i..]), wanted))
            i += Vector<float>.Count;
        for (; i < logits.Length; i++)
            if (logits[i] == value)
                return i;
        return -1;
    }

    /// <summary>How many values are at least a threshold.</summary>
    public static int CountAtLeast(ReadOnlySpan<float> values, float threshold)
    {
        var limit = new Vector<float>(threshold);
        var counts = Vector<int>.Zero;
        var i = 0;
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
            counts -= Vector.GreaterThanOrEqual(new Vector<float>(values[i..]), limit);
        var count = Vector.Sum(counts);
        for (; i < values.Length; i++)
            count += values[i] >= threshold ? 1 : 0;
        return count;
    }

    /// <summary>Where the next block begins that may hold a value of at least a threshold, from <paramref name="start"/> on.</summary>
    public static int SkipBelow(ReadOnlySpan<float> values, int start, float threshold)
    {
        var limit = new Vector<float>(threshold);
        while (start <= values.Length - Vector<float>.Count
            && !Vector.GreaterThanOrEqualAny(new Vector<float>(values[start..]), limit))
            start += Vector<float>.Count;
        return start;
    }
}
