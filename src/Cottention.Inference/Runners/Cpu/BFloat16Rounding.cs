using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Cottention.Inference.Runners.Cpu;

/// <summary>float32 to bfloat16, the upper half of its bits.</summary>
internal static class BFloat16Rounding
{
    private const uint QuietNaN = 0x40;
    private const uint HalfStep = 0x7FFF;

    /// <summary>To nearest, ties to even; NaN stays NaN.</summary>
    public static ushort Round(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? (ushort)((bits >> 16) | QuietNaN) : (ushort)((bits + HalfStep + ((bits >> 16) & 1)) >> 16);
    }

    /// <summary><see cref="Round(float)"/> of many.</summary>
    /// <param name="values">[n] f32.</param>
    /// <param name="rounded">[n] bf16.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Round(ReadOnlySpan<float> values, Span<ushort> rounded)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(rounded.Length, values.Length, nameof(rounded));
        var width = Vector256<ushort>.Count;
        var i = 0;
        for (; i <= values.Length - width; i += width)
        {
            var low = Round(Vector256.Create(values[i..]));
            var high = Round(Vector256.Create(values[(i + (width / 2))..]));
            Vector256.Narrow(low, high).CopyTo(rounded[i..]);
        }

        for (; i < values.Length; i++)
            rounded[i] = Round(values[i]);
    }

    /// <summary>Exact.</summary>
    public static float Widen(ushort value) => BitConverter.UInt32BitsToSingle((uint)value << 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Round(Vector256<float> values)
    {
        var bits = values.AsUInt32();
        var upper = bits >> 16;
        var nearest = (bits + Vector256.Create(HalfStep) + (upper & Vector256<uint>.One)) >> 16;
        return Vector256.ConditionalSelect(Vector256.IsNaN(values).AsUInt32(), upper | Vector256.Create(QuietNaN), nearest);
    }
}
