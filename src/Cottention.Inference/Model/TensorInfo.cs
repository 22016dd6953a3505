namespace Cottention.Inference.Model;

/// <summary>One tensor of a safetensors file: what its header says, checked.</summary>
/// <param name="Name">Name, unique in its file.</param>
/// <param name="Dtype">Element type.</param>
/// <param name="Shape">Sizes of the dimensions, outermost first, none negative; empty for a scalar.</param>
/// <param name="Offset">Bytes from the start of the file's data section to the first element; any alignment.</param>
/// <param name="ByteLength">Bytes of all elements: the product of the shape times the element's size.</param>
public sealed record TensorInfo(string Name, SafetensorsDtype Dtype, IReadOnlyList<long> Shape, long Offset, long ByteLength)
{
    /// <summary>Number of elements; 1 for a scalar.</summary>
    public long ElementCount => ByteLength / Dtype.ByteSize();
}
