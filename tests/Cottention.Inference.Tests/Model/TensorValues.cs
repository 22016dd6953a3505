using System.Runtime.InteropServices;
using System.Text.Json;
using Cottention.Inference.Model;

namespace Cottention.Inference.Tests.Model;

/// <summary>Tensor elements as doubles, written apart from the product's own conversions.</summary>
internal static class TensorValues
{
    public static double[] ToDoubles(SafetensorsDtype dtype, ReadOnlySpan<byte> bytes) => dtype switch
    {
        SafetensorsDtype.F64 => MemoryMarshal.Cast<byte, double>(bytes).ToArray(),
        SafetensorsDtype.F32 => Widen<float>(bytes, x => x),
        SafetensorsDtype.F16 => Widen<Half>(bytes, x => (double)x),
        SafetensorsDtype.BF16 => Widen<ushort>(bytes, x => BitConverter.Int32BitsToSingle(x << 16)),
        SafetensorsDtype.I64 => Widen<long>(bytes, x => x),
        SafetensorsDtype.I32 => Widen<int>(bytes, x => x),
        SafetensorsDtype.I16 => Widen<short>(bytes, x => x),
        SafetensorsDtype.I8 => Widen<sbyte>(bytes, x => x),
        SafetensorsDtype.U8 or SafetensorsDtype.Bool => Widen<byte>(bytes, x => x),
        _ => throw new InvalidOperationException($"No golden data has {dtype}."),
    };

    /// <summary>A number of the manifest, which writes infinities as text.</summary>
    public static double ReadNumber(JsonElement value) => value.ValueKind == JsonValueKind.Number
        ? value.GetDouble()
        : value.GetString() switch
        {
            "inf" => double.PositiveInfinity,
            "-inf" => double.NegativeInfinity,
            var other => throw new InvalidOperationException($"The manifest has {other}."),
        };

    private static double[] Widen<T>(ReadOnlySpan<byte> bytes, Func<T, double> widen)
        where T : unmanaged => Array.ConvertAll(MemoryMarshal.Cast<byte, T>(bytes).ToArray(), x => widen(x));
}
