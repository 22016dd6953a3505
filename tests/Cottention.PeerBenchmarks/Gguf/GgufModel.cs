namespace Cottention.PeerBenchmarks.Gguf;

/// <summary>What a GGUF file says of a model: keys and tensors, in the file's order.</summary>
internal sealed class GgufModel
{
    private readonly List<KeyValuePair<string, object>> _keys = [];
    private readonly List<GgufTensor> _tensors = [];

    /// <param name="architecture">llama.cpp's name, for example <c>phi2</c>; prefix of the keys.</param>
    public GgufModel(string architecture)
    {
        Architecture = architecture;
        _keys.Add(new("general.architecture", architecture));
        _keys.Add(new("general.name", $"random-{architecture}"));
        // No vocabulary: the comparison passes token numbers.
        _keys.Add(new("tokenizer.ggml.model", "none"));
        _keys.Add(new("tokenizer.ggml.add_bos_token", false));
    }

    public string Architecture { get; }

    /// <summary>Values are string, uint, float or bool.</summary>
    public IReadOnlyList<KeyValuePair<string, object>> Keys => _keys;

    public IReadOnlyList<GgufTensor> Tensors => _tensors;

    /// <summary>A key of the architecture, without its prefix.</summary>
    public void AddKey(string key, object value) => _keys.Add(new($"{Architecture}.{key}", value));

    /// <summary>A tensor, dimensions innermost first.</summary>
    public void Add(string name, GgufType type, params long[] shape) => _tensors.Add(new(name, type, shape));

    /// <summary>Gain and bias of a norm, f32.</summary>
    public void AddNorm(string name, long size)
    {
        Add($"{name}.weight", GgufType.F32, size);
        Add($"{name}.bias", GgufType.F32, size);
    }

    /// <summary>A linear map with bias.</summary>
    public void AddLinear(string name, GgufType type, long inputs, long outputs)
    {
        Add($"{name}.weight", type, inputs, outputs);
        Add($"{name}.bias", GgufType.F32, outputs);
    }
}
