using System.Buffers.Binary;
using Cottention.Inference.Model;

namespace Cottention.Cli.Convert;

/// <summary>Converts floats between the types of a file, element by element; narrowing rounds to nearest, ties to even.</summary>
internal static class FloatCast
{
    /// <summary>Whether a type is one of the floats that are converted.</summary>
    public static bool IsFloat(SafetensorsDtype dtype) =>
        dtype is SafetensorsDtype.F64 or SafetensorsDtype.F32 or SafetensorsDtype.F16 or SafetensorsDtype.BF16;

    /// <summary>Converts elements.</summary>
    /// <param name="from">Type of the source.</param>
    /// <param name="source">Elements.</param>
    /// <param name="to">F32 or BF16.</param>
    /// <param name="target">As many elements.</param>
    /// <returns>False if a finite number is too large for the target.</returns>
    public static bool Convert(SafetensorsDtype from, ReadOnlySpan<byte> source, SafetensorsDtype to, Span<byte> target)
    {
        int step = from.ByteSize(), targetStep = to.ByteSize();
        var fits = true;
        for (int i = 0, o = 0; i < source.Length; i += step, o += targetStep)
        {
            var value = Read(from, source[i..]);
            var single = (float)value;
            if (to == SafetensorsDtype.F32)
                BinaryPrimitives.WriteSingleLittleEndian(target[o..], single);
            else
                single = WriteBFloat16(target[o..], single);
            fits &= !float.IsInfinity(single) || double.IsInfinity(value);
        }
        return fits;
    }

    private static double Read(SafetensorsDtype dtype, ReadOnlySpan<byte> bytes) => dtype switch
    {
        SafetensorsDtype.F64 => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
        SafetensorsDtype.F32 => BinaryPrimitives.ReadSingleLittleEndian(bytes),
        SafetensorsDtype.F16 => (double)BinaryPrimitives.ReadHalfLittleEndian(bytes),
        SafetensorsDtype.BF16 => BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadUInt16LittleEndian(bytes) << 16),
        _ => throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "Allowed: floats."),
    };

    private static float WriteBFloat16(Span<byte> target, float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        // Half of the last kept place, or just less than it before an even one; a NaN must not be carried into an infinity.
        var rounded = float.IsNaN(value) ? bits | 0x0040_0000 : bits + 0x7FFF + ((bits >> 16) & 1);
        BinaryPrimitives.WriteUInt16LittleEndian(target, (ushort)(rounded >> 16));
        return BitConverter.UInt32BitsToSingle(rounded & 0xFFFF_0000);
    }
}
