namespace Cottention.Inference.Model;

/// <summary>
/// The checked header of a safetensors file: names are unique, and the tensors cover the data section exactly, without
/// holes, overlaps or left-over bytes.
/// </summary>
internal sealed class SafetensorsHeader
{
    /// <summary>Longest JSON header, bytes: the limit of the format's own reader.</summary>
    public const int MaxBytes = 100_000_000;

    /// <summary>Most dimensions of a tensor.</summary>
    public const int MaxRank = 32;

    /// <summary>The tensors in the order of their data.</summary>
    public IReadOnlyList<TensorInfo> Tensors { get; }

    /// <summary>Free text of the header; empty if it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    private SafetensorsHeader(TensorInfo[] tensors, IReadOnlyDictionary<string, string> metadata)
    {
        Tensors = tensors;
        Metadata = metadata;
    }

    /// <summary>Reads and checks a header. What is allocated is bounded by the header's own length.</summary>
    /// <param name="file">The file, for messages.</param>
    /// <param name="json">The header's bytes.</param>
    /// <param name="dataLength">Bytes of the file after the header.</param>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidModel"/>, with the first fault found.</exception>
    public static SafetensorsHeader Parse(string file, ReadOnlySpan<byte> json, long dataLength)
    {
        var (tensors, metadata) = new SafetensorsHeaderParser(file, json).Parse();
        Array.Sort(tensors, (a, b) => (a.Offset, a.ByteLength).CompareTo((b.Offset, b.ByteLength)));
        RequireCover(file, tensors, dataLength);
        return new SafetensorsHeader(tensors, metadata);
    }

    private static void RequireCover(string file, TensorInfo[] tensors, long dataLength)
    {
        var end = 0L;
        TensorInfo? previous = null;
        foreach (var tensor in tensors)
        {
            if (tensor.Offset + tensor.ByteLength > dataLength)
                throw ModelFault.Of(file, tensor.Name,
                    $"data_offsets end at {tensor.Offset + tensor.ByteLength}; the file has {dataLength} bytes of data (truncated?)");
            if (tensor.Offset < end)
                throw ModelFault.Of(file, tensor.Name,
                    $"data_offsets begin at {tensor.Offset}, inside tensor '{ModelFault.Shorten(previous!.Name)}', which ends at {end}"); // end > 0, so there was one
            if (tensor.Offset > end)
                throw ModelFault.Of(file, tensor.Name, $"data_offsets begin at {tensor.Offset}; bytes {end} to {tensor.Offset} belong to no tensor");
            end = tensor.Offset + tensor.ByteLength;
            previous = tensor;
        }
        if (end != dataLength)
            throw ModelFault.Of(file, null, $"the file has {dataLength} bytes of data; its tensors end at {end}");
    }
}
