using Cottention.Inference.Model;
using static TorchSharp.torch;

namespace Cottention.Torch;

/// <summary>What every kind of attention has: the projections of GPT-J, without biases, and heads.</summary>
internal abstract class Attention : nn.Module<Tensor, Tensor, Tensor, Tensor, AttentionForm, (Tensor Output, Tensor State)>
{
    private readonly Projection _query;
    private readonly Projection _key;
    private readonly Projection _value;
    private readonly Projection _output;
    private readonly ScalarType _type;

    protected Attention(string name, ModelConfig config, ScalarType type, Device? device)
        : base(name)
    {
        _type = type;
        HeadCount = config.HeadCount;
        var width = config.EmbeddingSize;
        register_module("q_proj", _query = new Projection(width, width, bias: false, type, device));
        register_module("k_proj", _key = new Projection(width, width, bias: false, type, device));
        register_module("v_proj", _value = new Projection(width, width, bias: false, type, device));
        register_module("out_proj", _output = new Projection(width, width, bias: false, type, device));
    }

    /// <summary>H.</summary>
    protected int HeadCount { get; }

    /// <summary>Type of the matrix products.</summary>
    protected ScalarType ProductType => _query.ProductType ?? _type;

    /// <summary>The state before the first token.</summary>
    /// <param name="batch">B.</param>
    /// <param name="device">Where it lies.</param>
    public abstract Tensor ZeroState(long batch, Device? device);

    /// <summary>Query, key and value of every head, not yet turned. Each [B, T, H, K] in the type of the products.</summary>
    protected (Tensor Query, Tensor Key, Tensor Value) Heads(Tensor input)
    {
        var shared = input.to(ProductType);
        return (Heads(_query, shared), Heads(_key, shared), Heads(_value, shared));
    }

    /// <summary>[B, H, T, V] to the attention's output [B, T, D].</summary>
    protected Tensor Output(Tensor heads) => _output.call(heads.transpose(1, 2).flatten(2));

    private Tensor Heads(Projection projection, Tensor input) => projection.call(input).unflatten(2, [HeadCount, -1]);
}
