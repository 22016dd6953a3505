namespace Cottention.Inference.Model;

/// <summary>
/// A matrix <c>[N, K]</c> stored as integers: I8 <c>[N, K]</c>, or U8 <c>[N, ceil(K / 2)]</c> with two columns to a byte, the
/// even one in the low half, 8 added to each. Beside it lie its scales, BF16 <c>[N, ceil(K / 32)]</c>, one for 32 columns of a
/// row: weight = integer * scale. <c>cottention quantize</c> writes it.
/// </summary>
public static class QuantizedMatrix
{
    /// <summary>Key of the file's metadata that names format and group, for people.</summary>
    public const string MetadataKey = "quantization";

    private const int Int4Offset = 8;

    /// <summary>Shape in which a matrix is stored as 4-bit integers.</summary>
    public static long[] Int4Shape(IReadOnlyList<long> shape) => [shape[0], (shape[1] + 1) / 2];

    /// <summary>Shape of a matrix's scales.</summary>
    public static long[] ScalesShape(IReadOnlyList<long> shape) => [shape[0], (shape[1] + GroupQuantizer.GroupSize - 1) / GroupQuantizer.GroupSize];

    /// <summary>4-bit integers, -8 to 7, two to a byte. <paramref name="bytes"/> is [ceil(K / 2)].</summary>
    public static void PackInt4(ReadOnlySpan<sbyte> integers, Span<byte> bytes)
    {
        for (var i = 0; i < bytes.Length; i++)
        {
            var high = (2 * i) + 1 < integers.Length ? integers[(2 * i) + 1] : 0;
            bytes[i] = (byte)((integers[2 * i] + Int4Offset) | ((high + Int4Offset) << 4));
        }
    }

    /// <summary>Whether a tensor of a model is stored as integers.</summary>
    internal static bool Is(StoredTensor stored) =>
        stored.Info.Dtype is SafetensorsDtype.I8 or SafetensorsDtype.U8 && ModelTensors.IsQuantizable(stored.Info.Name);

    /// <summary>Refuses integers or scales that do not fit the model; returns the scales' name.</summary>
    internal static string Check(ModelConfig config, CheckpointFiles files, StoredTensor stored, long[] shape)
    {
        var wanted = stored.Info.Dtype == SafetensorsDtype.I8 ? shape : Int4Shape(shape);
        if (!stored.Info.Shape.SequenceEqual(wanted))
            throw stored.Fault($"has shape {ModelFault.ShapeText(stored.Info.Shape)}; as {stored.Info.Dtype.FormatName()} a model of n_embd {config.EmbeddingSize} asks for {ModelFault.ShapeText(wanted)}");
        var name = ModelTensors.ScalesOf(stored.Info.Name);
        if (!files.Tensors.TryGetValue(name, out var scales))
            throw ModelFault.Of(files.Path, name, $"is missing; {stored.Info.Name} is stored as {stored.Info.Dtype.FormatName()}");
        if (scales.Info.Dtype != SafetensorsDtype.BF16)
            throw scales.Fault($"has dtype {scales.Info.Dtype.FormatName()}; allowed: BF16");
        if (!scales.Info.Shape.SequenceEqual(ScalesShape(shape)))
            throw scales.Fault($"has shape {ModelFault.ShapeText(scales.Info.Shape)}; allowed: {ModelFault.ShapeText(ScalesShape(shape))}");
        return name;
    }

    /// <summary>Widens one row: exact, since an integer of 8 bits times a scale of 8 fits float32.</summary>
    /// <param name="dtype">I8 or U8.</param>
    /// <param name="integers">The row as stored.</param>
    /// <param name="scales">[ceil(K / 32)].</param>
    /// <param name="values">[K].</param>
    internal static void Widen(SafetensorsDtype dtype, ReadOnlySpan<byte> integers, ReadOnlySpan<float> scales, Span<float> values)
    {
        for (var k = 0; k < values.Length; k++)
        {
            var integer = dtype == SafetensorsDtype.I8 ? (sbyte)integers[k] : ((integers[k / 2] >> (k % 2 * 4)) & 0xF) - Int4Offset;
            values[k] = integer * scales[k / GroupQuantizer.GroupSize];
        }
    }
}
