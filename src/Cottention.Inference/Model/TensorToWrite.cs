namespace Cottention.Inference.Model;

/// <summary>One tensor handed to <see cref="SafetensorsWriter"/>.</summary>
/// <param name="Name">Name in the file, unique.</param>
/// <param name="Dtype">Element type of the bytes.</param>
/// <param name="Shape">Sizes of the dimensions, outermost first; empty for a scalar.</param>
/// <param name="WriteTo">Writes the elements, row-major and little-endian: exactly <see cref="ByteLength"/> bytes.</param>
public sealed record TensorToWrite(string Name, SafetensorsDtype Dtype, IReadOnlyList<long> Shape, Action<Stream> WriteTo)
{
    /// <summary>A tensor whose bytes are in memory already.</summary>
    public TensorToWrite(string name, SafetensorsDtype dtype, IReadOnlyList<long> shape, ReadOnlyMemory<byte> bytes)
        : this(name, dtype, shape, stream => stream.Write(bytes.Span))
    {
    }

    /// <summary>Bytes the shape and the element type ask for.</summary>
    public long ByteLength => Shape.Aggregate((long)Dtype.ByteSize(), (bytes, size) => checked(bytes * size));
}
