using System.Security.Cryptography;
using System.Text;
using Cottention.Inference.Model;

namespace Cottention.Inference.Runners.Cpu;

/// <summary>Facts about weight formats.</summary>
public static class WeightFormats
{
    /// <summary>Whether products are of integers.</summary>
    public static bool IsQuantized(this WeightFormat format) => format is WeightFormat.Int8 or WeightFormat.Int4;

    /// <summary>Name for log and options: <c>f32</c>, <c>bf16</c>, <c>int8</c>, <c>int4</c>.</summary>
    public static string Name(this WeightFormat format) => format switch
    {
        WeightFormat.Auto => "auto",
        WeightFormat.F32 => "f32",
        WeightFormat.Bf16 => "bf16",
        WeightFormat.Int8 => "int8",
        WeightFormat.Int4 => "int4",
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "no such weight format"),
    };

    /// <summary>The format of a checkpoint's matrices where they have one throughout, otherwise F32. Norms, biases and norm_const are F32 in any.</summary>
    public static WeightFormat Of(Checkpoint checkpoint)
    {
        SafetensorsDtype[] dtypes = [.. checkpoint.TensorNames.Where(name => checkpoint.ShapeOf(name).Count == 2).Select(checkpoint.DtypeOf).Distinct()];
        // The embedding is never quantised, nor is a head that is tied to it.
        SafetensorsDtype[] products = [.. checkpoint.TensorNames.Where(ModelTensors.IsQuantizable).Select(checkpoint.DtypeOf).Distinct()];
        return products is [SafetensorsDtype.I8] ? WeightFormat.Int8
            : products is [SafetensorsDtype.U8] ? WeightFormat.Int4
            : dtypes is [SafetensorsDtype.BF16] ? WeightFormat.Bf16
            : WeightFormat.F32;
    }

    /// <summary>
    /// The hash by which a session knows its weights again, whatever runs them: the checkpoint's, or one of it and the format where
    /// the weights in memory are not the checkpoint's own, since rounded weights give another text.
    /// </summary>
    public static string FingerprintOf(this WeightFormat format, Checkpoint checkpoint) => format == Of(checkpoint)
        ? checkpoint.Fingerprint
        : Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes($"{checkpoint.Fingerprint} {format.Name()}")));

    /// <summary>Columns are padded to a multiple of this.</summary>
    internal static int ColumnMultiple(this WeightFormat format) => format.IsQuantized() ? PackedMatrix.BlockColumns : 2;

    /// <summary>Bytes of 16 rows of that many columns, a multiple of <see cref="ColumnMultiple"/>.</summary>
    internal static long PanelBytes(this WeightFormat format, int columns) => format switch
    {
        WeightFormat.F32 => (long)PackedMatrix.PanelRows * columns * sizeof(float),
        WeightFormat.Bf16 => (long)PackedMatrix.PanelRows * columns * sizeof(ushort),
        WeightFormat.Int8 => (long)columns / PackedMatrix.BlockColumns * (PackedMatrix.BlockScaleBytes + (PackedMatrix.PanelRows * PackedMatrix.BlockColumns)),
        WeightFormat.Int4 => (long)columns / PackedMatrix.BlockColumns * (PackedMatrix.BlockScaleBytes + (PackedMatrix.PanelRows * PackedMatrix.BlockColumns / 2)),
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "matrices are packed as f32, bf16, int8 or int4"),
    };
}
