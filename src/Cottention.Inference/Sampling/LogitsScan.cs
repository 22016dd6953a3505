using System.Numerics;
using System.Runtime.Intrinsics;

namespace Cottention.Inference.Sampling;

/// <summary>Vectorised looks at a row of logits <c>[N] f32</c>. Each result is exact, so the vector width does not show in it.</summary>
internal static class LogitsScan
{
    /// <summary>Values that <see cref="LaneMaxima"/> takes the largest of.</summary>
    public const int Strand = 64;

    /// <summary>Room that <see cref="LaneMaxima"/> needs for so many values.</summary>
    public static int LaneMaximaCount(int values) => values / Strand;

    /// <summary>
    /// Cuts the values into disjoint strands, writes the largest value of each and returns how many there are; what fills
    /// no strand is left out.
    /// </summary>
    /// <param name="values">[n] f32, no NaN.</param>
    /// <param name="maxima">At least <see cref="LaneMaximaCount"/> long.</param>
    public static int LaneMaxima(ReadOnlySpan<float> values, Span<float> maxima)
    {
        // A strand is one lane of so many vectors that follow each other.
        var count = 0;
        for (; values.Length >= Strand * Vector512<float>.Count; values = values[(Strand * Vector512<float>.Count)..])
        {
            var largest = Vector512.Create(float.NegativeInfinity);
            for (var i = 0; i < Strand; i++)
                largest = Vector512.MaxNative(largest, Vector512.Create(values[(i * Vector512<float>.Count)..]));
            largest.CopyTo(maxima[count..]);
            count += Vector512<float>.Count;
        }

        return count;
    }

    /// <summary>Copies the values of at least <paramref name="low"/> and below <paramref name="high"/> with their indices, in order; returns how many.</summary>
    /// <param name="values">[n] f32; may begin where <paramref name="kept"/> does.</param>
    /// <param name="low">Least value kept.</param>
    /// <param name="high">Above every value kept; NaN for no limit.</param>
    /// <param name="kept">Room for as many as there are.</param>
    /// <param name="indices">Likewise.</param>
    public static int Filter(ReadOnlySpan<float> values, float low, float high, Span<float> kept, Span<int> indices)
    {
        var (least, limit) = (Vector512.Create(low), Vector512.Create(high));
        var (count, i) = (0, 0);
        for (; i <= values.Length - Vector512<float>.Count; i += Vector512<float>.Count)
        {
            var block = Vector512.Create(values[i..]);
            var inside = Vector512.AndNot(Vector512.GreaterThanOrEqual(block, least), Vector512.GreaterThanOrEqual(block, limit)).ExtractMostSignificantBits();
            for (; inside != 0; inside &= inside - 1)
            {
                var at = i + BitOperations.TrailingZeroCount(inside);
                (kept[count], indices[count]) = (values[at], at);
                count++;
            }
        }

        for (; i < values.Length; i++)
            if (values[i] >= low && !(values[i] >= high))
                (kept[count], indices[count++]) = (values[i], i);
        return count;
    }

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
