using Cottention.Inference.Model;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Cottention.Torch;

/// <summary>One GPT-J layer: attention and MLP side by side on the same normalised input, both added to it.</summary>
internal sealed class Block : nn.Module<Tensor, Tensor, Tensor, Tensor, AttentionForm, (Tensor Output, Tensor State)>
{
    private readonly LayerNorm _norm;
    private readonly Attention _attention;
    private readonly Mlp _mlp;

    public Block(ModelConfig config, AttentionKind attention, ScalarType type, Device? device)
        : base(nameof(Block))
    {
        register_module("ln_1", _norm = nn.LayerNorm(config.EmbeddingSize, eps: config.LayerNormEpsilon, device: device, dtype: type));
        register_module("attn", _attention = attention == AttentionKind.Cosine ? new CosineAttention(config, type, device) : new SoftmaxAttention(config, type, device));
        register_module("mlp", _mlp = new Mlp(config, type, device));
    }

    /// <summary>What attention and MLP read.</summary>
    internal LayerNorm Norm => _norm;

    /// <summary>Its attention.</summary>
    internal Attention Attention => _attention;

    /// <summary>Its MLP.</summary>
    internal Mlp Mlp => _mlp;

    /// <inheritdoc cref="CosineAttention.forward"/>
    public override (Tensor Output, Tensor State) forward(Tensor input, Tensor turns, Tensor counts, Tensor state, AttentionForm form)
    {
        var normed = _norm.call(input);
        var (attended, after) = _attention.call(normed, turns, counts, state, form);
        return (attended + _mlp.call(normed) + input, after);
    }
}
