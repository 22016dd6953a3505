namespace Cottention.Inference.Model;

/// <summary>
/// The safetensors files of a model's folder, as one set of tensors: <c>model.safetensors</c>, or the shards that
/// <c>model.safetensors.index.json</c> names. Where both exist the single file is taken, as Hugging Face's loader does.
/// </summary>
internal sealed class CheckpointFiles : IDisposable
{
    /// <summary>A checkpoint in one file.</summary>
    public const string SingleFile = "model.safetensors";

    /// <summary>The index of a checkpoint in several.</summary>
    public const string IndexFile = "model.safetensors.index.json";

    private const string Extension = ".safetensors";

    private readonly List<SafetensorsFile> _files = [];
    private readonly Dictionary<string, StoredTensor> _tensors = new(StringComparer.Ordinal);

    private CheckpointFiles(string path) => Path = path;

    /// <summary>The single file, or the index.</summary>
    public string Path { get; }

    /// <summary>Every tensor by name.</summary>
    public IReadOnlyDictionary<string, StoredTensor> Tensors => _tensors;

    /// <summary>Opens the files of a folder.</summary>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidModel"/>: a file is missing or faulty, or index and shards disagree.</exception>
    public static CheckpointFiles Open(string folder)
    {
        var single = System.IO.Path.Combine(folder, SingleFile);
        var index = System.IO.Path.Combine(folder, IndexFile);
        var isSharded = !System.IO.Path.Exists(single) && System.IO.Path.Exists(index);
        var opened = new CheckpointFiles(isSharded ? index : single);
        try
        {
            if (isSharded)
                opened.AddShards(ShardIndex.Read(index, Extension));
            else if (!System.IO.Path.Exists(single))
                throw ModelFault.Of(folder, null, $"has neither {SingleFile} nor {IndexFile}{PickleHint(folder)}");
            else
                opened.Add(single);
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var file in _files)
            file.Dispose();
    }

    private void AddShards(ShardIndex index)
    {
        foreach (var shard in index.Shards)
        {
            var file = Add(index.PathOf(shard));
            foreach (var tensor in file.Tensors)
                if (!index.ShardOf.TryGetValue(tensor.Name, out var listed))
                    throw ModelFault.Of(file.Path, tensor.Name, $"{IndexFile} does not list it");
                else if (listed != shard)
                    throw ModelFault.Of(file.Path, tensor.Name, $"{IndexFile} lists it in {listed}");
        }
        foreach (var (name, shard) in index.ShardOf.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            if (!_tensors.ContainsKey(name))
                throw ModelFault.Of(index.PathOf(shard), name, $"is missing; {IndexFile} lists it in this file");
    }

    private SafetensorsFile Add(string path)
    {
        var file = SafetensorsFile.Open(path);
        _files.Add(file);
        foreach (var tensor in file.Tensors)
            // A second one of the same name lies in a shard that the index does not give it; AddShards says so.
            _tensors.TryAdd(tensor.Name, new StoredTensor(file, tensor));
        return file;
    }

    private static string PickleHint(string folder) =>
        Directory.Exists(folder) && Directory.EnumerateFiles(folder, "pytorch_model*.bin*").Any()
            ? "; pytorch_model.bin is made into one by 'cottention convert'"
            : "";
}
