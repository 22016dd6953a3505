using Cottention.Inference;
using Cottention.Inference.Model;
using Razorvine.Pickle;

namespace Cottention.Cli.Convert;

/// <summary>
/// The pickle library behind <see cref="PickleGate"/>. Alone it makes objects for any name and keeps constructors of its
/// own; behind the gate nothing reaches it but dicts, lists, tuples, numbers, text and tensors.
/// </summary>
internal sealed class RestrictedUnpickler : Unpickler
{
    private readonly Dictionary<string, TorchStorage> _storages = new(StringComparer.Ordinal);

    static RestrictedUnpickler() => TorchGlobals.Register();

    private RestrictedUnpickler()
    {
    }

    /// <summary>Reads one pickle at the start of a span.</summary>
    /// <param name="file">The file, for messages.</param>
    /// <param name="bytes">The pickle, and perhaps more behind it.</param>
    /// <returns>The object, the storages it names by key, and the pickle's length in bytes.</returns>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidModel"/>: not allowed, or malformed.</exception>
    public static (object? Value, IReadOnlyDictionary<string, TorchStorage> Storages, int Length) Load(string file, ReadOnlySpan<byte> bytes)
    {
        var length = PickleGate.Check(file, bytes);
        using var unpickler = new RestrictedUnpickler();
        try
        {
            return (unpickler.loads(bytes[..length].ToArray()), unpickler._storages, length);
        }
        catch (PickleException e)
        {
            throw ModelFault.Of(file, null, $"its pickle is refused: {e.Message}", e);
        }
        // The library meets a faulty pickle with whatever its arrays, casts and nulls throw.
        catch (Exception e) when (e is not (InferenceException or OutOfMemoryException))
        {
            throw ModelFault.Of(file, null, $"its pickle is malformed ({e.GetType().Name})", e);
        }
    }

    /// <summary>Where a pickle names a storage: <c>('storage', class, key, device, count)</c>; old files add a view, always None.</summary>
    protected override object persistentLoad(object pid)
    {
        if (pid is not object[] { Length: 5 or 6 } items || items[0] is not "storage" || items[1] is not TorchGlobals.StorageType type || items[2] is not string key)
            throw new PickleException("a persistent id is not ('storage', class, key, device, count)");
        if (items.Length == 6 && items[5] is not null)
            throw new PickleException($"storage '{ModelFault.Shorten(key)}' is a view of another; allowed: None");
        var count = TorchGlobals.Number(items[4]);
        if (count < 0 || count > long.MaxValue / sizeof(double))
            throw new PickleException($"storage '{ModelFault.Shorten(key)}' has {count} elements");
        var storage = new TorchStorage(type.Dtype, key, count);
        if (_storages.TryAdd(key, storage) || _storages[key] == storage)
            return storage;
        throw new PickleException($"storage '{ModelFault.Shorten(key)}' is named twice, as {_storages[key].Dtype.FormatName()} and {type.Dtype.FormatName()}, or with two lengths");
    }
}
