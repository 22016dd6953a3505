using System.Runtime.InteropServices;

namespace Cottention.PeerBenchmarks.Gguf;

/// <summary>
/// Rounds float32 to a GGUF type as ggml's reference code does (<c>quantize_row_q4_0_ref</c>, <c>quantize_row_q8_0_ref</c>).
/// Files are little-endian, as is every machine that this program runs on.
/// </summary>
internal static class GgufBlocks
{
    private const int QuantBlock = 32;
    private const int ScaleBytes = 2;

    /// <summary>Values of a block: a tensor's innermost dimension is a multiple of it.</summary>
    public static int Values(GgufType type) => type is GgufType.Q4_0 or GgufType.Q8_0 ? QuantBlock : 1;

    /// <summary>Bytes of this many values, a whole number of blocks.</summary>
    public static long Bytes(GgufType type, long count) => type switch
    {
        GgufType.F32 => count * 4,
        GgufType.F16 or GgufType.BF16 => count * 2,
        GgufType.Q8_0 => count / QuantBlock * (ScaleBytes + QuantBlock),
        GgufType.Q4_0 => count / QuantBlock * (ScaleBytes + (QuantBlock / 2)),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not a type that this program writes"),
    };

    /// <summary>Encodes whole blocks.</summary>
    /// <param name="type">The file's type.</param>
    /// <param name="values">f32, a whole number of blocks.</param>
    /// <param name="bytes"><see cref="Bytes"/> of them.</param>
    public static void Encode(GgufType type, ReadOnlySpan<float> values, Span<byte> bytes)
    {
        switch (type)
        {
            case GgufType.F32:
                MemoryMarshal.AsBytes(values).CopyTo(bytes);
                break;
            case GgufType.F16:
                for (var i = 0; i < values.Length; i++)
                    WriteHalf(bytes[(2 * i)..], values[i]);
                break;
            case GgufType.BF16:
                EncodeBf16(values, MemoryMarshal.Cast<byte, ushort>(bytes));
                break;
            default:
                var size = (int)Bytes(type, QuantBlock);
                for (var block = 0; block < values.Length / QuantBlock; block++)
                    EncodeBlock(type, values.Slice(block * QuantBlock, QuantBlock), bytes.Slice(block * size, size));
                break;
        }
    }

    // Nearest, ties to even; no value is NaN here.
    private static void EncodeBf16(ReadOnlySpan<float> values, Span<ushort> halves)
    {
        for (var i = 0; i < values.Length; i++)
        {
            var bits = BitConverter.SingleToUInt32Bits(values[i]);
            halves[i] = (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
        }
    }

    private static void EncodeBlock(GgufType type, ReadOnlySpan<float> values, Span<byte> bytes)
    {
        var largest = 0f;
        foreach (var value in values)
            if (Math.Abs(value) > Math.Abs(largest))
                largest = value;
        // Q4_0 maps the value of largest size, sign included, to the code -8.
        var scale = type == GgufType.Q8_0 ? Math.Abs(largest) / 127 : largest / -8;
        var inverse = scale == 0 ? 0 : 1 / scale;
        WriteHalf(bytes, scale);
        var codes = bytes[ScaleBytes..];
        if (type == GgufType.Q8_0)
            for (var i = 0; i < QuantBlock; i++)
                codes[i] = (byte)(sbyte)MathF.Round(values[i] * inverse, MidpointRounding.AwayFromZero);
        else
            for (var i = 0; i < QuantBlock / 2; i++)
                codes[i] = (byte)(Nibble(values[i] * inverse) | (Nibble(values[i + (QuantBlock / 2)] * inverse) << 4));
    }

    private static int Nibble(float value) => Math.Min(15, (int)(value + 8.5f));

    private static void WriteHalf(Span<byte> bytes, float value) =>
        BitConverter.TryWriteBytes(bytes, BitConverter.HalfToUInt16Bits((Half)value));
}
