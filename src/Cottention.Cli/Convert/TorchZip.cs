using System.IO.Compression;
using System.IO.Hashing;
using Cottention.Inference;
using Cottention.Inference.Model;

namespace Cottention.Cli.Convert;

/// <summary>The zip format of torch.save: <c>stem/data.pkl</c>, <c>stem/data/KEY</c> and small records, all stored plain.</summary>
internal sealed class TorchZip
{
    private const string PickleName = "/data.pkl";
    private const int MaxEntries = 100_000;
    private const int MaxRecordBytes = 64;
    private const int ChunkBytes = 1 << 24;

    private readonly string _path;
    private readonly MappedFile _mapped;
    private readonly FileStream _stream;
    private readonly Dictionary<string, ZipArchiveEntry> _entries = new(StringComparer.Ordinal);

    private TorchZip(string path, MappedFile mapped, FileStream stream, ZipArchive archive)
    {
        _path = path;
        _mapped = mapped;
        _stream = stream;
        if (archive.Entries.Count > MaxEntries)
            throw Fault($"the zip has {archive.Entries.Count} entries; allowed: up to {MaxEntries}");
        foreach (var entry in archive.Entries)
            if (!_entries.TryAdd(entry.FullName, entry))
                throw Fault($"the zip has '{ModelFault.Shorten(entry.FullName)}' twice");
    }

    /// <summary>The pickled object, and where each storage it names begins.</summary>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidModel"/>.</exception>
    public static (object? Root, Dictionary<string, long> Offsets) Read(string path, MappedFile mapped)
    {
        try
        {
            // No buffer: Locate reads the stream's position.
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            using var archive = new ZipArchive(stream, ZipArchiveMode.Read);
            return new TorchZip(path, mapped, stream, archive).Read();
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw ModelFault.Of(path, null, $"is a damaged zip: {e.Message}", e);
        }
    }

    private (object? Root, Dictionary<string, long> Offsets) Read()
    {
        var pickles = _entries.Keys.Where(name => name.EndsWith(PickleName, StringComparison.Ordinal) && name.IndexOf('/') == name.Length - PickleName.Length).ToArray();
        if (pickles is not [var pickle])
            throw Fault($"the zip has {pickles.Length} entries named NAME{PickleName}; a file of torch.save has one");
        var stem = pickle[..^PickleName.Length];
        RequireLittleEndian($"{stem}/byteorder");
        var (offset, length) = Locate(pickle);
        if (length > PickleGate.MaxBytes)
            throw Fault($"its pickle has {length} bytes; allowed: up to {PickleGate.MaxBytes}");
        var (root, storages, used) = RestrictedUnpickler.Load(_path, _mapped.Bytes(offset, (int)length));
        if (used != length)
            throw Fault($"its pickle ends after {used} of {length} bytes");
        return (root, storages.Values.ToDictionary(s => s.Key, s => Locate(stem, s), StringComparer.Ordinal));
    }

    private long Locate(string stem, TorchStorage storage)
    {
        var name = $"{stem}/data/{storage.Key}";
        var (offset, length) = Locate(name);
        return length == storage.ByteLength
            ? offset
            : throw Fault($"'{ModelFault.Shorten(name)}' has {length} bytes; {storage.ElementCount} elements of {storage.Dtype.FormatName()} need {storage.ByteLength}");
    }

    /// <summary>Finds an entry's bytes in the file and checks their sum.</summary>
    private (long Offset, long Length) Locate(string name)
    {
        if (!_entries.TryGetValue(name, out var entry))
            throw Fault($"the zip has no '{ModelFault.Shorten(name)}', which its pickle asks for");
        if (entry.IsEncrypted || entry.CompressedLength != entry.Length)
            throw Fault($"'{ModelFault.Shorten(name)}' is compressed or encrypted; torch.save stores it plain");
        if (entry.Length == 0)
            return (0, 0);
        using var data = entry.Open();
        // A stored entry's first byte comes straight from the archive: behind it stands the position, for a local header
        // is as long as it says itself. If this were not so, the checksum would not agree.
        _ = data.ReadByte();
        var offset = _stream.Position - 1;
        if (offset < 0 || offset > _mapped.Length - entry.Length)
            throw Fault($"'{ModelFault.Shorten(name)}' ends past the file (truncated?)");
        var sum = new Crc32();
        for (var done = 0L; done < entry.Length; done += ChunkBytes)
            sum.Append(_mapped.Bytes(offset + done, (int)Math.Min(ChunkBytes, entry.Length - done)));
        return sum.GetCurrentHashAsUInt32() == entry.Crc32
            ? (offset, entry.Length)
            : throw Fault($"'{ModelFault.Shorten(name)}' is damaged: its checksum differs, or it is compressed");
    }

    /// <summary>Newer versions of PyTorch say in a record of its own how numbers are stored.</summary>
    private void RequireLittleEndian(string name)
    {
        if (!_entries.ContainsKey(name))
            return;
        var (offset, length) = Locate(name);
        if (length > MaxRecordBytes || !_mapped.Bytes(offset, (int)length).SequenceEqual("little"u8))
            throw Fault("its byteorder is not 'little'");
    }

    private InferenceException Fault(string reason) => ModelFault.Of(_path, null, reason);
}
