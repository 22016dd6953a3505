using System.Runtime.InteropServices;
using Cottention.Inference.Model;
using Cottention.Inference.Runners.Cpu;
using static TorchSharp.torch;

namespace Cottention.Torch.Runners;

/// <summary>A model's weights on a device, float32, matrices and embedding with the values of a format.</summary>
internal sealed class TorchModelWeights : IDisposable
{
    private readonly ModelConfig _config;
    private readonly WeightRowReader _read;
    private readonly bool _rounds;
    private readonly Device _device;
    private readonly long _productRows;
    private readonly List<IDisposable> _owned = [];

    /// <summary>Reads and places all weights.</summary>
    /// <param name="config">The model's numbers.</param>
    /// <param name="read">Reads the model's tensors.</param>
    /// <param name="format">F32 or BF16.</param>
    /// <param name="device">Where they are to lie.</param>
    /// <param name="productRows">Rows of a product.</param>
    public TorchModelWeights(ModelConfig config, WeightRowReader read, WeightFormat format, Device device, long productRows)
    {
        (_config, _read, _device, _productRows, _rounds) = (config, read, device, productRows, format == WeightFormat.Bf16);
        try
        {
            Embedding = Matrix(ModelTensors.Embedding, config.VocabularySize, config.EmbeddingSize);
            Layers = [.. Enumerable.Range(0, config.LayerCount).Select(Layer)];
            FinalNormWeight = Vector(ModelTensors.FinalNormWeight, config.EmbeddingSize);
            FinalNormBias = Vector(ModelTensors.FinalNormBias, config.EmbeddingSize);
            var head = config.TieWordEmbeddings ? Embedding.alias() : Matrix(ModelTensors.HeadWeight, config.VocabularySize, config.EmbeddingSize);
            Head = Own(new FixedRowProduct(head, Vector(ModelTensors.HeadBias, config.VocabularySize), productRows));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>[N, D].</summary>
    public Tensor Embedding { get; }

    /// <summary>First to last.</summary>
    public IReadOnlyList<TorchLayerWeights> Layers { get; }

    /// <summary>[D].</summary>
    public Tensor FinalNormWeight { get; }

    /// <summary>[D].</summary>
    public Tensor FinalNormBias { get; }

    /// <summary>[N, D] with its bias.</summary>
    public FixedRowProduct Head { get; }

    public void Dispose()
    {
        foreach (var part in _owned)
            part.Dispose();
    }

    private TorchLayerWeights Layer(int layer)
    {
        string Name(string part) => ModelTensors.OfLayer(layer, part);
        int d = _config.EmbeddingSize, m = _config.InnerSize;
        var normConst = new float[_config.HeadCount];
        _read(ModelTensors.NormConst(layer), 0, 1, normConst);
        return new TorchLayerWeights
        {
            NormWeight = Vector(Name("ln_1.weight"), d),
            NormBias = Vector(Name("ln_1.bias"), d),
            QueryKeyValue = QueryKeyValue(Name("attn.q_proj.weight"), Name("attn.k_proj.weight"), Name("attn.v_proj.weight")),
            AttentionOut = Product(Name("attn.out_proj.weight"), d, d),
            MlpIn = Product(Name("mlp.fc_in.weight"), m, d, Name("mlp.fc_in.bias")),
            MlpOut = Product(Name("mlp.fc_out.weight"), d, m, Name("mlp.fc_out.bias")),
            Sigmas = Array.ConvertAll(normConst, x => 1.0 / (1.0 + Math.Exp(-x))),
        };
    }

    private FixedRowProduct QueryKeyValue(params string[] names)
    {
        using var scope = NewDisposeScope();
        var parts = names.Select(name => Matrix(name, _config.EmbeddingSize, _config.EmbeddingSize)).ToArray();
        var joined = cat(parts, 0).DetachFromDisposeScope();
        foreach (var part in parts)
            part.Dispose();
        return Own(new FixedRowProduct(joined, null, _productRows));
    }

    private FixedRowProduct Product(string name, int rows, int columns, string? bias = null) =>
        Own(new FixedRowProduct(Matrix(name, rows, columns), bias is null ? null : Vector(bias, rows), _productRows));

    private Tensor Matrix(string name, int rows, int columns)
    {
        using var scope = NewDisposeScope();
        var values = empty(rows, columns);
        // Row by row: a matrix may have more bytes than a span can.
        for (var row = 0; row < rows; row++)
            _read(name, row, 1, MemoryMarshal.Cast<byte, float>(values[row].bytes));
        var rounded = _rounds ? values.to(ScalarType.BFloat16).to(ScalarType.Float32) : values;
        return Own(rounded.to(_device).DetachFromDisposeScope());
    }

    private Tensor Vector(string name, int length)
    {
        using var scope = NewDisposeScope();
        var values = empty(length);
        _read(name, 0, length, MemoryMarshal.Cast<byte, float>(values.bytes));
        return Own(values.to(_device).DetachFromDisposeScope());
    }

    // Also what a part took over, which then is disposed twice: so nothing is left of a construction that failed.
    private T Own<T>(T part)
        where T : IDisposable
    {
        _owned.Add(part);
        return part;
    }
}
