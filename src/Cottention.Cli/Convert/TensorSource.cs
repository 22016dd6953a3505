using Cottention.Inference.Model;

namespace Cottention.Cli.Convert;

/// <summary>Hands out a tensor's elements in row-major order, whatever its strides.</summary>
internal sealed class TensorSource
{
    private const int ChunkBytes = 1 << 20;

    private readonly TorchFile _file;
    private readonly TorchTensor _tensor;
    private readonly int _elementBytes;
    private readonly long _start;

    /// <summary>A tensor of a file.</summary>
    public TensorSource(TorchFile file, TorchTensor tensor)
    {
        _file = file;
        _tensor = tensor;
        _elementBytes = tensor.Storage.Dtype.ByteSize();
        _start = file.OffsetOf(tensor.Storage) + tensor.Offset * _elementBytes;
    }

    /// <summary>Takes a whole number of elements at a time.</summary>
    public delegate void Sink(ReadOnlySpan<byte> elements);

    /// <summary>Calls <paramref name="sink"/> with all elements, up to 1 MiB at a time.</summary>
    public void Read(Sink sink)
    {
        if (_tensor.ElementCount == 0)
            return;
        if (IsContiguous())
            for (long done = 0, total = _tensor.ByteLength; done < total; done += ChunkBytes)
                sink(_file.Mapped.Bytes(_start + done, (int)Math.Min(ChunkBytes, total - done)));
        else
            Gather(sink);
    }

    private bool IsContiguous()
    {
        var expected = 1L;
        for (var i = _tensor.Shape.Count - 1; i >= 0; i--)
        {
            if (_tensor.Shape[i] != 1 && _tensor.Strides[i] != expected)
                return false;
            expected *= _tensor.Shape[i];
        }
        return true;
    }

    /// <summary>Element by element, with the indices as an odometer; a tensor that is not contiguous has at least one dimension.</summary>
    private void Gather(Sink sink)
    {
        var index = new long[_tensor.Shape.Count];
        var buffer = new byte[ChunkBytes];
        var filled = 0;
        var element = 0L;
        for (var left = _tensor.ElementCount; left > 0; left--)
        {
            _file.Mapped.Bytes(_start + element * _elementBytes, _elementBytes).CopyTo(buffer.AsSpan(filled));
            filled += _elementBytes;
            if (filled == buffer.Length || left == 1)
            {
                sink(buffer.AsSpan(0, filled));
                filled = 0;
            }
            for (var i = index.Length - 1; i >= 0; i--)
            {
                element += _tensor.Strides[i];
                if (++index[i] < _tensor.Shape[i])
                    break;
                element -= index[i] * _tensor.Strides[i];
                index[i] = 0;
            }
        }
    }
}
