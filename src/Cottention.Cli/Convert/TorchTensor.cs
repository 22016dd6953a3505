using Cottention.Inference.Model;
using Razorvine.Pickle;

namespace Cottention.Cli.Convert;

/// <summary>A tensor as a view of a storage. All numbers are checked: no element lies outside the storage.</summary>
internal sealed class TorchTensor
{
    private const int MaxRank = 32;

    /// <summary>A view of a storage.</summary>
    /// <exception cref="PickleException">The view is malformed, or reaches past the storage's end.</exception>
    public TorchTensor(TorchStorage storage, long offset, long[] shape, long[] strides)
    {
        if (shape.Length != strides.Length || shape.Length > MaxRank)
            throw new PickleException($"a tensor has {shape.Length} sizes and {strides.Length} strides; allowed: as many, up to {MaxRank}");
        if (offset < 0 || shape.Any(size => size < 0) || strides.Any(stride => stride < 0))
            throw new PickleException($"a tensor has a negative size, stride or offset ({Text(offset, shape, strides)})");
        (Int128 count, Int128 last) = (1, offset);
        for (var i = 0; i < shape.Length; i++)
        {
            // Numbers below 2^63 times at most 2^63: no step leaves Int128. A size of 0 counts as 1 here, so that no product
            // of sizes overflows anywhere later, in whatever order it is taken.
            count = Int128.Min(count * Math.Max(shape[i], 1), long.MaxValue);
            last = Int128.Min(last + (Int128)(shape[i] - 1) * strides[i], long.MaxValue);
        }
        if (count > long.MaxValue / sizeof(double))
            throw new PickleException($"a tensor ({Text(offset, shape, strides)}) has too many elements");
        ElementCount = shape.Contains(0) ? 0 : (long)count;
        if (ElementCount > 0 && last >= storage.ElementCount)
            throw new PickleException($"a tensor ({Text(offset, shape, strides)}) reaches past its storage of {storage.ElementCount} elements");
        Storage = storage;
        Offset = offset;
        Shape = shape;
        Strides = strides;
    }

    /// <summary>Where the elements lie.</summary>
    public TorchStorage Storage { get; }

    /// <summary>Elements from the storage's start to the tensor's first.</summary>
    public long Offset { get; }

    /// <summary>Sizes, outermost dimension first; empty for a scalar.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>Elements from one index of a dimension to the next.</summary>
    public IReadOnlyList<long> Strides { get; }

    /// <summary>Number of elements; 1 for a scalar.</summary>
    public long ElementCount { get; }

    /// <summary>Bytes of all elements.</summary>
    public long ByteLength => ElementCount * Storage.Dtype.ByteSize();

    private static string Text(long offset, long[] shape, long[] strides) =>
        $"offset {offset}, sizes [{string.Join(", ", shape)}], strides [{string.Join(", ", strides)}]";
}
