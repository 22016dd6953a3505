using Cottention.Inference.Model;

namespace Cottention.Cli.Convert;

/// <summary>What a pickle says of a storage, the flat array behind one or more tensors.</summary>
/// <param name="Dtype">Element type.</param>
/// <param name="Key">Its name in the file.</param>
/// <param name="ElementCount">Number of elements, not negative.</param>
internal sealed record TorchStorage(SafetensorsDtype Dtype, string Key, long ElementCount)
{
    /// <summary>Bytes of all elements.</summary>
    public long ByteLength => checked(ElementCount * Dtype.ByteSize());
}
