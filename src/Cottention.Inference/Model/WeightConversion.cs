using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Cottention.Inference.Model;

/// <summary>Widens stored weights to float32, exactly.</summary>
internal static class WeightConversion
{
    // Compiled at once: a model is loaded before the JIT would have noticed that these are hot.
    private const MethodImplOptions Hot = MethodImplOptions.AggressiveOptimization;

    private const uint ExponentMask = 0x7F80_0000;

    /// <summary>Whether weights of this type can be widened.</summary>
    public static bool IsSupported(SafetensorsDtype dtype) =>
        dtype is SafetensorsDtype.F32 or SafetensorsDtype.F16 or SafetensorsDtype.BF16;

    /// <summary>Widens every element.</summary>
    /// <param name="dtype">F32, F16 or BF16.</param>
    /// <param name="bytes">Little-endian elements, of any alignment.</param>
    /// <param name="values">As many float32 values.</param>
    public static void ToSingle(SafetensorsDtype dtype, ReadOnlySpan<byte> bytes, Span<float> values)
    {
        if (dtype == SafetensorsDtype.F32)
            bytes.CopyTo(MemoryMarshal.AsBytes(values));
        else if (dtype == SafetensorsDtype.BF16)
            WidenBFloat16(MemoryMarshal.Cast<byte, ushort>(bytes), values);
        else if (dtype == SafetensorsDtype.F16)
            WidenHalf(MemoryMarshal.Cast<byte, ushort>(bytes), values);
        else
            throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "Allowed: F32, F16, BF16.");
    }

    /// <summary>Index of the first NaN or infinity; -1 if there is none.</summary>
    [MethodImpl(Hot)]
    public static int IndexOfNonFinite(ReadOnlySpan<float> values)
    {
        var mask = new Vector<uint>(ExponentMask);
        var bits = MemoryMarshal.Cast<float, uint>(values);
        var i = 0;
        for (; i <= bits.Length - Vector<uint>.Count; i += Vector<uint>.Count)
            if (Vector.EqualsAny(new Vector<uint>(bits[i..]) & mask, mask))
                break;
        for (; i < values.Length; i++)
            if (!float.IsFinite(values[i]))
                return i;
        return -1;
    }

    /// <summary>A bfloat16 is the upper half of a float32.</summary>
    [MethodImpl(Hot)]
    private static void WidenBFloat16(ReadOnlySpan<ushort> source, Span<float> values)
    {
        var bits = MemoryMarshal.Cast<float, uint>(values);
        var i = 0;
        for (; i <= source.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(source[i..]), out var low, out var high);
            Vector.ShiftLeft(low, 16).CopyTo(bits[i..]);
            Vector.ShiftLeft(high, 16).CopyTo(bits[(i + Vector<uint>.Count)..]);
        }
        for (; i < source.Length; i++)
            bits[i] = (uint)source[i] << 16;
    }

    [MethodImpl(Hot)]
    private static void WidenHalf(ReadOnlySpan<ushort> source, Span<float> values)
    {
        var bits = MemoryMarshal.Cast<float, uint>(values);
        var i = 0;
        for (; i <= source.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(source[i..]), out var low, out var high);
            WidenHalf(low).CopyTo(bits[i..]);
            WidenHalf(high).CopyTo(bits[(i + Vector<uint>.Count)..]);
        }
        for (; i < source.Length; i++)
            values[i] = (float)BitConverter.UInt16BitsToHalf(source[i]);
    }

    /// <summary>
    /// Exponent and mantissa shifted into a float32's places make a number 2^112 times too small, subnormals included;
    /// the product with 2^112 is exact. An exponent of all ones (infinity, NaN) is set again by hand.
    /// </summary>
    private static Vector<uint> WidenHalf(Vector<uint> half)
    {
        var rest = Vector.ShiftLeft(half & new Vector<uint>(0x7FFF), 13);
        var scaled = Vector.AsVectorUInt32(Vector.AsVectorSingle(rest) * new Vector<float>(BitConverter.UInt32BitsToSingle(0x7780_0000)));
        var special = Vector.GreaterThanOrEqual(rest, new Vector<uint>(0x7C00 << 13)) & new Vector<uint>(ExponentMask);
        return scaled | special | Vector.ShiftLeft(half & new Vector<uint>(0x8000), 16);
    }
}
