using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Cottention.Inference.Model;

namespace Cottention.Cli.Quantize;

/// <summary>The tensors of a checkpoint with its matrices quantised; the embedding in bfloat16, everything else as it is.</summary>
/// <param name="checkpoint">The model; one that is quantised already is widened first.</param>
/// <param name="isInt4">4 bits rather than 8.</param>
internal sealed class QuantizedModel(Checkpoint checkpoint, bool isInt4)
{
    /// <summary>What to write.</summary>
    /// <param name="progress">Told the source's bytes done since the last call.</param>
    /// <param name="cancellation">Ends the work.</param>
    public IReadOnlyList<TensorToWrite> Tensors(Action<long> progress, CancellationToken cancellation) =>
        [.. checkpoint.TensorNames.SelectMany(name => Of(name, progress, cancellation))];

    private IEnumerable<TensorToWrite> Of(string name, Action<long> progress, CancellationToken cancellation)
    {
        var shape = checkpoint.ShapeOf(name);
        var (rows, columns) = ((int)shape[0], (int)shape.Skip(1).Aggregate(1L, (product, size) => product * size));
        var rowBytes = checkpoint.RowBytes(name, 0, 1).Length;
        if (ModelTensors.IsQuantizable(name))
        {
            yield return isInt4
                ? new TensorToWrite(name, SafetensorsDtype.U8, QuantizedMatrix.Int4Shape(shape), stream => EachRow(stream, WriteInt4))
                : new TensorToWrite(name, SafetensorsDtype.I8, shape, stream => EachRow(stream, WriteInt8));
            yield return new TensorToWrite(
                ModelTensors.ScalesOf(name), SafetensorsDtype.BF16, QuantizedMatrix.ScalesShape(shape), stream => EachRow(stream, WriteScales));
        }
        else if (name == ModelTensors.Embedding)
            yield return new TensorToWrite(name, SafetensorsDtype.BF16, shape, stream => EachRow(stream, WriteBf16));
        else
            yield return new TensorToWrite(name, checkpoint.DtypeOf(name), shape, stream => stream.Write(checkpoint.RowBytes(name, 0, rows)));

        void EachRow(Stream stream, Action<Stream, float[]> write)
        {
            var values = new float[columns];
            for (var row = 0; row < rows; row++)
            {
                cancellation.ThrowIfCancellationRequested();
                checkpoint.ReadRows(name, row, 1, values);
                write(stream, values);
                if (write != WriteScales)
                    progress(rowBytes);
            }
        }
    }

    private void WriteInt8(Stream stream, float[] values) => stream.Write(MemoryMarshal.AsBytes<sbyte>(Quantize(values).Integers));

    private void WriteInt4(Stream stream, float[] values)
    {
        var bytes = new byte[(values.Length + 1) / 2];
        QuantizedMatrix.PackInt4(Quantize(values).Integers, bytes);
        stream.Write(bytes);
    }

    private void WriteScales(Stream stream, float[] values) => WriteBf16(stream, Quantize(values).Scales);

    private static void WriteBf16(Stream stream, float[] values)
    {
        var bytes = new byte[2 * values.Length];
        for (var i = 0; i < values.Length; i++)
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2 * i), ToBf16(values[i]));
        stream.Write(bytes);
    }

    // To nearest even; weights are finite.
    private static ushort ToBf16(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    private (sbyte[] Integers, float[] Scales) Quantize(float[] row)
    {
        var (integers, scales) = (new sbyte[row.Length], new float[GroupQuantizer.GroupCount(row.Length)]);
        if (isInt4)
            GroupQuantizer.ToInt4(row, integers, scales);
        else
            GroupQuantizer.ToInt8(row, integers, scales);
        return (integers, scales);
    }
}
