using System.Buffers.Binary;

namespace Cottention.Inference.Model;

/// <summary>
/// A safetensors file, memory-mapped and read-only. Everything its header says is checked when it is opened.
/// Any thread may read; spans end with <see cref="Dispose"/>. The file must not be shortened while it is open: the
/// system answers a read past its end by ending the process.
/// </summary>
public sealed class SafetensorsFile : IDisposable
{
    private readonly Dictionary<string, TensorInfo> _byName;
    private readonly MappedFile _mapped;
    private readonly long _dataStart;

    private SafetensorsFile(string path, SafetensorsHeader header, MappedFile mapped, long dataStart)
    {
        Path = path;
        Tensors = header.Tensors;
        Metadata = header.Metadata;
        _byName = header.Tensors.ToDictionary(t => t.Name, StringComparer.Ordinal);
        _mapped = mapped;
        _dataStart = dataStart;
    }

    /// <summary>The path it was opened by.</summary>
    public string Path { get; }

    /// <summary>The tensors in the order of their data.</summary>
    public IReadOnlyList<TensorInfo> Tensors { get; }

    /// <summary><c>__metadata__</c> of the header; empty if it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Maps a file and checks its header.</summary>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidModel"/>, one line with file, tensor and reason.</exception>
    public static SafetensorsFile Open(string path)
    {
        var mapped = MappedFile.Open(path);
        try
        {
            var headerLength = HeaderLength(path, mapped);
            var dataStart = sizeof(long) + headerLength;
            var header = SafetensorsHeader.Parse(path, mapped.Bytes(sizeof(long), headerLength), mapped.Length - dataStart);
            return new SafetensorsFile(path, header, mapped, dataStart);
        }
        catch
        {
            mapped.Dispose();
            throw;
        }
    }

    /// <summary>Finds a tensor by name; null if the file has none of it.</summary>
    public TensorInfo? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>All bytes of a tensor.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It has 2 GiB or more; read it in ranges.</exception>
    public ReadOnlySpan<byte> Bytes(TensorInfo tensor)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tensor.ByteLength, int.MaxValue);
        return Bytes(tensor, 0, (int)tensor.ByteLength);
    }

    /// <summary>A range of a tensor's bytes, straight from the mapping; not aligned to anything.</summary>
    /// <param name="tensor">A tensor of this file.</param>
    /// <param name="offset">Bytes from the tensor's start.</param>
    /// <param name="count">Bytes to read.</param>
    public ReadOnlySpan<byte> Bytes(TensorInfo tensor, long offset, int count)
    {
        if (!ReferenceEquals(Find(tensor.Name), tensor))
            throw new ArgumentException($"Tensor '{tensor.Name}' is not one of {Path}.", nameof(tensor));
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, tensor.ByteLength - count);
        return _mapped.Bytes(_dataStart + tensor.Offset + offset, count);
    }

    /// <summary>Unmaps the file.</summary>
    public void Dispose() => _mapped.Dispose();

    private static int HeaderLength(string path, MappedFile mapped)
    {
        if (mapped.Length < sizeof(long))
            throw ModelFault.Of(path, null, $"has {mapped.Length} bytes; a safetensors file has at least {sizeof(long)}");
        var length = BinaryPrimitives.ReadUInt64LittleEndian(mapped.Bytes(0, sizeof(long)));
        if (length > SafetensorsHeader.MaxBytes)
            throw ModelFault.Of(path, null, $"the header's length is {length} bytes; allowed: up to {SafetensorsHeader.MaxBytes}");
        if ((long)length > mapped.Length - sizeof(long))
            throw ModelFault.Of(path, null, $"the header's length is {length} bytes; the file has {mapped.Length - sizeof(long)} after that field");
        return (int)length;
    }
}
