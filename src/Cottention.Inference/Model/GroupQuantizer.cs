using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Cottention.Inference.Model;

/// <summary>
/// Rounds weights to small integers, 32 neighbours of a row with one bfloat16 scale: weight = integer * scale. What it
/// has rounded once it gives back unchanged, so a quantised checkpoint may be widened and quantised again.
/// </summary>
public static class GroupQuantizer
{
    /// <summary>Neighbouring columns that share a scale.</summary>
    public const int GroupSize = 32;

    // A group of a smaller scale becomes 0 (its weights are below 1e-30): bfloat16 has full precision only down to 2^-126.
    private const float LeastScale = 1f / (1L << 60) / (1L << 47);

    private const float LargestInt8 = 127f;

    // The group's extreme weight becomes -divisor: -8 uses all 16 levels, less leaves room on the other side, more cuts the
    // extreme off in favour of the many small ones. The whole numbers make the second rounding find the first one's scale.
    private static readonly float[] Divisors4 = [8f, 7f, 7.5f, 7.75f, 8.25f, 8.5f, 9f, 6.5f, 6f, 5f];

    /// <summary>Groups of a row.</summary>
    public static int GroupCount(int columns) => (columns + GroupSize - 1) / GroupSize;

    /// <summary>Quantises a row to 8 bits, -127 to 127: the largest of a group becomes 127.</summary>
    /// <param name="row">[columns], finite.</param>
    /// <param name="integers">[columns].</param>
    /// <param name="scales">[GroupCount(columns)], each exact in bfloat16; 0 where a group is 0, or below 1e-30.</param>
    public static void ToInt8(ReadOnlySpan<float> row, Span<sbyte> integers, Span<float> scales)
    {
        CheckLengths(row, integers, scales);
        var values = (stackalloc float[GroupSize]);
        for (var group = 0; group < scales.Length; group++)
        {
            var unit = ReadGroup(row, group, values, out var extreme);
            var scale = RoundToBf16(MathF.Abs(extreme) / LargestInt8);
            scales[group] = Store(values, scale, unit, -LargestInt8, LargestInt8, integers[(group * GroupSize)..]);
        }
    }

    /// <summary>Quantises a row to 4 bits, -8 to 7, with the scale, of either sign, that leaves the least squared error.</summary>
    /// <inheritdoc cref="ToInt8" path="/param"/>
    public static void ToInt4(ReadOnlySpan<float> row, Span<sbyte> integers, Span<float> scales)
    {
        CheckLengths(row, integers, scales);
        var values = (stackalloc float[GroupSize]);
        for (var group = 0; group < scales.Length; group++)
        {
            var unit = ReadGroup(row, group, values, out var extreme);
            var (best, leastError) = (0f, float.PositiveInfinity);
            foreach (var divisor in Divisors4)
            {
                var scale = RoundToBf16(-extreme / divisor);
                var error = SquaredError4(values, scale);
                if (error < leastError)
                    (best, leastError) = (scale, error);
            }

            scales[group] = Store(values, best, unit, -8f, 7f, integers[(group * GroupSize)..]);
        }
    }

    private static void CheckLengths(ReadOnlySpan<float> row, Span<sbyte> integers, Span<float> scales)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(integers.Length, row.Length, nameof(integers));
        ArgumentOutOfRangeException.ThrowIfNotEqual(scales.Length, GroupCount(row.Length), nameof(scales));
    }

    // A group in units of a power of two, so that its extreme is 1 to 2, or 0, and no square of it leaves float32. A row's
    // last group is filled up with 0, which changes neither scale nor error.
    private static float ReadGroup(ReadOnlySpan<float> row, int group, Span<float> values, out float extreme)
    {
        var part = row.Slice(group * GroupSize, Math.Min(GroupSize, row.Length - (group * GroupSize)));
        part.CopyTo(values);
        values[part.Length..].Clear();
        extreme = Extreme(values);
        if (extreme == 0f)
            return 1f;
        var unit = MathF.ScaleB(1f, MathF.ILogB(extreme));
        for (var i = 0; i < GroupSize; i += Vector256<float>.Count)
            (Vector256.Create(values[i..]) / unit).CopyTo(values[i..]);
        extreme /= unit;
        return unit;
    }

    // The value of largest magnitude, with its sign.
    private static float Extreme(ReadOnlySpan<float> values)
    {
        var (low, high) = (Vector256<float>.Zero, Vector256<float>.Zero);
        for (var i = 0; i < GroupSize; i += Vector256<float>.Count)
        {
            var v = Vector256.Create(values[i..]);
            (low, high) = (Vector256.MinNative(low, v), Vector256.MaxNative(high, v));
        }

        var (lowest, highest) = (0f, 0f);
        for (var i = 0; i < Vector256<float>.Count; i++)
            (lowest, highest) = (MathF.Min(lowest, low[i]), MathF.Max(highest, high[i]));
        return -lowest > highest ? lowest : highest;
    }

    // Rounds the first integers.Length values of a group; returns the scale that the group has outside its unit.
    private static float Store(ReadOnlySpan<float> values, float scale, float unit, float lowest, float highest, Span<sbyte> integers)
    {
        var isZero = MathF.Abs(scale * unit) < LeastScale;
        for (var i = 0; i < Math.Min(GroupSize, integers.Length); i++)
            integers[i] = isZero ? (sbyte)0 : (sbyte)Math.Clamp(MathF.Round(values[i] / scale), lowest, highest);
        return isZero ? 0f : scale * unit;
    }

    private static float SquaredError4(ReadOnlySpan<float> values, float scale)
    {
        if (scale == 0f)
            return 0f;
        var (lowest, highest, step) = (Vector256.Create(-8f), Vector256.Create(7f), Vector256.Create(scale));
        var sum = Vector256<float>.Zero;
        for (var i = 0; i < GroupSize; i += Vector256<float>.Count)
        {
            var v = Vector256.Create(values[i..]);
            var rounded = Vector256.MinNative(Vector256.MaxNative(Vector256.Round(v / step), lowest), highest);
            var error = v - (rounded * step);
            sum += error * error;
        }

        return Vector256.Sum(sum);
    }

    // To nearest even, as floats.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float RoundToBf16(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return BitConverter.UInt32BitsToSingle((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000u);
    }
}
