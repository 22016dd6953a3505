using System.Buffers.Binary;
using System.Collections;
using System.Globalization;
using System.Numerics;
using Cottention.Inference;
using Cottention.Inference.Model;

namespace Cottention.Cli.Convert;

/// <summary>
/// The format of torch.save before PyTorch 1.6: five pickles (a magic number, the protocol, the system, the object, the
/// keys of the storages), then for each key an element count of 64 bits and the raw elements.
/// </summary>
internal static class TorchLegacy
{
    private const int Protocol = 1001;

    private static readonly BigInteger Magic = BigInteger.Parse("1950a86a20f9469cfc6c", NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    /// <summary>The pickled object, and where each storage it names begins.</summary>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidModel"/>.</exception>
    public static (object? Root, Dictionary<string, long> Offsets) Read(string path, MappedFile mapped)
    {
        var position = 0L;
        if (!Magic.Equals(Next(path, mapped, ref position).Value))
            throw ModelFault.Of(path, null, "is no file of torch.save: it begins with another pickle than the magic number");
        if (Next(path, mapped, ref position).Value is not Protocol)
            throw ModelFault.Of(path, null, $"has another protocol of torch.save; allowed: {Protocol}");
        if (Next(path, mapped, ref position).Value is not Hashtable system || system["little_endian"] is not true)
            throw ModelFault.Of(path, null, "does not say that its numbers are little-endian");
        var (root, storages) = Next(path, mapped, ref position);
        if (Next(path, mapped, ref position).Value is not ArrayList keys)
            throw ModelFault.Of(path, null, "has no list of storages behind its object");
        return (root, Locate(path, mapped, position, storages, keys));
    }

    private static (object? Value, IReadOnlyDictionary<string, TorchStorage> Storages) Next(string path, MappedFile mapped, ref long position)
    {
        var (value, storages, length) = RestrictedUnpickler.Load(
            path, mapped.Bytes(position, (int)Math.Min(PickleGate.MaxBytes, mapped.Length - position)));
        position += length;
        return (value, storages);
    }

    private static Dictionary<string, long> Locate(
        string path, MappedFile mapped, long position, IReadOnlyDictionary<string, TorchStorage> storages, ArrayList keys)
    {
        var offsets = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var item in keys)
        {
            if (item is not string key || !storages.TryGetValue(key, out var storage))
                throw ModelFault.Of(path, null, "lists a storage that its object does not name");
            if (mapped.Length - position < sizeof(long))
                throw ModelFault.Of(path, null, $"ends before storage '{ModelFault.Shorten(key)}' (truncated?)");
            var count = BinaryPrimitives.ReadInt64LittleEndian(mapped.Bytes(position, sizeof(long)));
            position += sizeof(long);
            if (count != storage.ElementCount)
                throw ModelFault.Of(path, null, $"storage '{ModelFault.Shorten(key)}' has {count} elements; its pickle says {storage.ElementCount}");
            if (storage.ByteLength > mapped.Length - position)
                throw ModelFault.Of(path, null, $"storage '{ModelFault.Shorten(key)}' has {storage.ByteLength} bytes; the file has {mapped.Length - position} left (truncated?)");
            if (!offsets.TryAdd(key, position))
                throw ModelFault.Of(path, null, $"lists storage '{ModelFault.Shorten(key)}' twice");
            position += storage.ByteLength;
        }
        if (offsets.Count != storages.Count)
            throw ModelFault.Of(path, null, $"lists {offsets.Count} storages; its object names {storages.Count}");
        return position == mapped.Length
            ? offsets
            : throw ModelFault.Of(path, null, $"has {mapped.Length - position} bytes behind its last storage");
    }
}
