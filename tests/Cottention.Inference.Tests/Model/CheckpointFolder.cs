using System.Text.Json.Nodes;
using Cottention.Conformance;
using Cottention.Inference.Model;

namespace Cottention.Inference.Tests.Model;

/// <summary>A copy of the golden tiny model whose files a test may change.</summary>
internal sealed class CheckpointFolder : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public CheckpointFolder()
    {
        foreach (var file in new[] { "config.json", "model.safetensors" })
            File.Copy(Fixtures.Path("golden", "tiny", file), _folder.File(file));
        using var model = SafetensorsFile.Open(Weights);
        foreach (var tensor in model.Tensors)
            Tensors.Add(tensor.Name, new TensorToWrite(tensor.Name, tensor.Dtype, tensor.Shape, model.Bytes(tensor).ToArray()));
    }

    public string Path => _folder.Path;

    public string Weights => _folder.File("model.safetensors");

    public string Index => _folder.File("model.safetensors.index.json");

    /// <summary>What <see cref="Save"/> writes.</summary>
    public Dictionary<string, TensorToWrite> Tensors { get; } = [];

    public void Save() => SafetensorsWriter.Write(Weights, [.. Tensors.Values]);

    /// <summary>Replaces the single file by two, split at a tensor, and their index.</summary>
    public void SaveSharded(Action<JsonObject>? changeWeightMap = null)
    {
        File.Delete(Weights);
        var map = new JsonObject();
        foreach (var half in Tensors.Values.GroupBy(t => string.CompareOrdinal(t.Name, "transformer.h.1") < 0 ? 1 : 2))
        {
            SafetensorsWriter.Write(_folder.File($"s{half.Key}.safetensors"), [.. half]);
            foreach (var tensor in half)
                map[tensor.Name] = $"s{half.Key}.safetensors";
        }
        changeWeightMap?.Invoke(map);
        File.WriteAllText(Index, new JsonObject { ["metadata"] = new JsonObject(), ["weight_map"] = map }.ToJsonString());
    }

    public void ChangeConfig(string key, JsonNode? value)
    {
        var path = _folder.File("config.json");
        var config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        config[key] = value;
        File.WriteAllText(path, config.ToJsonString());
    }

    public void Change(string name, SafetensorsDtype dtype, long[] shape, byte[] bytes) =>
        Tensors[name] = new TensorToWrite(name, dtype, shape, bytes);

    public string InFolder(string name) => _folder.File(name);

    public void Dispose() => _folder.Dispose();
}
