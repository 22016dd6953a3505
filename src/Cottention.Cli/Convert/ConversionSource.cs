using Cottention.Inference;
using Cottention.Inference.Model;

namespace Cottention.Cli.Convert;

/// <summary>The files that a conversion reads: one of torch.save, or the shards of an index, as one dict of tensors.</summary>
internal sealed class ConversionSource : IDisposable
{
    /// <summary>A checkpoint in one file.</summary>
    public const string SingleFile = "pytorch_model.bin";

    /// <summary>The index of a checkpoint in several.</summary>
    public const string IndexFile = "pytorch_model.bin.index.json";

    private const string Extension = ".bin";

    private readonly List<TorchFile> _files = [];
    private readonly SortedDictionary<string, (TorchFile File, TorchTensor Tensor)> _tensors = new(StringComparer.Ordinal);

    private ConversionSource(string path) => Path = path;

    /// <summary>The file or index it was opened by.</summary>
    public string Path { get; }

    /// <summary>Where the files lie, and beside them config.json and the tokenizer, if there are any.</summary>
    public string Folder => System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!; // a file's path has a folder

    /// <summary>The tensors by name.</summary>
    public IReadOnlyDictionary<string, (TorchFile File, TorchTensor Tensor)> Tensors => _tensors;

    /// <summary>Bytes of all files.</summary>
    public long FileBytes => _files.Sum(f => f.Mapped.Length);

    /// <summary>Opens a model's folder, a file of torch.save, or an index.</summary>
    /// <param name="path">The folder or file.</param>
    /// <param name="key">Key of the state dict inside each file; null if a file's dict is it.</param>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidModel"/>, one line with the file and the reason.</exception>
    public static ConversionSource Open(string path, string? key)
    {
        var file = Directory.Exists(path) ? FindIn(path) : path;
        var source = new ConversionSource(file);
        try
        {
            if (file.EndsWith(".json", StringComparison.Ordinal))
                source.AddShards(ShardIndex.Read(file, Extension), key);
            else
                source.Add(file, key);
            return source;
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var file in _files)
            file.Dispose();
    }

    private static string FindIn(string folder)
    {
        foreach (var name in new[] { SingleFile, IndexFile })
            if (System.IO.Path.Exists(System.IO.Path.Combine(folder, name)))
                return System.IO.Path.Combine(folder, name);
        throw ModelFault.Of(folder, null, $"has neither {SingleFile} nor {IndexFile}");
    }

    private void AddShards(ShardIndex index, string? key)
    {
        foreach (var shard in index.Shards)
            foreach (var name in Add(index.PathOf(shard), key))
                if (!index.ShardOf.TryGetValue(name, out var listed) || listed != shard)
                    throw ModelFault.Of(index.PathOf(shard), name, listed is null ? "the index does not list it" : $"the index lists it in {listed}");
        foreach (var (name, shard) in index.ShardOf.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            if (!_tensors.ContainsKey(name))
                throw ModelFault.Of(index.PathOf(shard), name, "is missing; the index lists it in this file");
    }

    private IEnumerable<string> Add(string path, string? key)
    {
        var file = TorchFile.Open(path);
        _files.Add(file);
        var found = StateDict.Find(file, key);
        foreach (var (name, tensor) in found)
            // A second one of the same name lies in a shard that the index does not give it; AddShards says so.
            _tensors.TryAdd(name, (file, tensor));
        return found.Keys;
    }
}
