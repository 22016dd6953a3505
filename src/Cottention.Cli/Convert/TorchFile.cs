using Cottention.Inference;
using Cottention.Inference.Model;

namespace Cottention.Cli.Convert;

/// <summary>
/// A file of torch.save, zip or the format before PyTorch 1.6: the object in its pickle, and where in the file the
/// storages that the object names lie. Storages are mapped, not read.
/// </summary>
internal sealed class TorchFile : IDisposable
{
    private readonly IReadOnlyDictionary<string, long> _offsets;

    private TorchFile(string path, MappedFile mapped, object? root, IReadOnlyDictionary<string, long> offsets)
    {
        Path = path;
        Mapped = mapped;
        Root = root;
        _offsets = offsets;
    }

    /// <summary>The path it was opened by.</summary>
    public string Path { get; }

    /// <summary>The file's bytes.</summary>
    public MappedFile Mapped { get; }

    /// <summary>The pickled object.</summary>
    public object? Root { get; }

    /// <summary>Opens a file. Every storage that the pickle names is found, has the right length, and where there is a checksum, the right one.</summary>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidModel"/>, one line with the file and the reason.</exception>
    public static TorchFile Open(string path)
    {
        var mapped = MappedFile.Open(path);
        try
        {
            var head = mapped.Bytes(0, (int)Math.Min(4, mapped.Length));
            if (head.SequenceEqual("PK\u0003\u0004"u8))
            {
                var (root, offsets) = TorchZip.Read(path, mapped);
                return new TorchFile(path, mapped, root, offsets);
            }
            if (head is [0x80, 2, ..])
            {
                var (root, offsets) = TorchLegacy.Read(path, mapped);
                return new TorchFile(path, mapped, root, offsets);
            }
            throw ModelFault.Of(path, null, $"is no file of torch.save: it begins with the bytes {System.Convert.ToHexString(head)}");
        }
        catch
        {
            mapped.Dispose();
            throw;
        }
    }

    /// <summary>Bytes from the file's start to a storage's first element.</summary>
    public long OffsetOf(TorchStorage storage) => _offsets[storage.Key];

    public void Dispose() => Mapped.Dispose();
}
