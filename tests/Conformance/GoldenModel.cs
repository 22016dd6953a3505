using System.Text.Json;
using Cottention.Inference.Model;

namespace Cottention.Conformance;

/// <summary>A model folder of the golden data: its numbers and its weights, widened to float32.</summary>
public sealed class GoldenModel
{
    private readonly GoldenFile _file;
    private readonly Dictionary<string, float[]> _tensors = [];
    private readonly Lock _gate = new();

    private GoldenModel(string name)
    {
        Name = name;
        Config = ReadConfig(Fixtures.Path("golden", name, "config.json"));
        _file = GoldenFile.Open(name, "model.safetensors");
    }

    /// <summary>Folder under <c>tests/fixtures/golden</c>.</summary>
    public string Name { get; }

    /// <summary>Absolute path of the folder.</summary>
    public string Folder => Fixtures.Path("golden", Name);

    /// <summary>The model's numbers.</summary>
    public ModelConfig Config { get; }

    /// <summary>Opens a model folder, for example <c>tiny</c>.</summary>
    public static GoldenModel Open(string name) => new(name);

    /// <summary>Rows of a tensor; any thread.</summary>
    public void ReadRows(string tensor, int firstRow, int rowCount, Span<float> values)
    {
        float[]? all;
        lock (_gate)
            if (!_tensors.TryGetValue(tensor, out all))
                _tensors[tensor] = all = _file.Floats(tensor);
        var width = all.Length / _file.Shape(tensor)[0];
        all.AsSpan(firstRow * width, rowCount * width).CopyTo(values);
    }

    private static ModelConfig ReadConfig(string path)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(path));
        var root = json.RootElement;
        var (embedding, heads) = (root.GetProperty("n_embd").GetInt32(), root.GetProperty("n_head").GetInt32());
        var rotary = root.GetProperty("rotary_dim");
        return new ModelConfig
        {
            EmbeddingSize = embedding,
            HeadCount = heads,
            LayerCount = root.GetProperty("n_layer").GetInt32(),
            InnerSize = root.GetProperty("n_inner").GetInt32(),
            VocabularySize = root.GetProperty("vocab_size").GetInt32(),
            RotaryDim = rotary.ValueKind == JsonValueKind.Null ? embedding / heads : rotary.GetInt32(),
            TrainedPositions = root.GetProperty("n_positions").GetInt32(),
            LayerNormEpsilon = root.GetProperty("layer_norm_epsilon").GetDouble(),
        };
    }
}
