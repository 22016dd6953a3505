using Cottention.Inference.Model;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Cottention.Torch;

/// <summary>One GPT-J layer: attention and MLP side by side on the same normalised input, both added to it.</summary>
internal sealed class Block : nn.Module<Tensor, Tensor, Tensor, Tensor, AttentionForm, (Tensor Output, Tensor State)>
{
    private readonly LayerNorm _norm;
    private readonly CosineAttention _attention;
    private readonly Mlp _mlp;

    public Block(ModelConfig config, ScalarType type)
        : base(nameof(Block))
    {
        register_module("ln_1", _norm = nn.LayerNorm(config.EmbeddingSize, eps: config.LayerNormEpsilon, dtype: type));
        register_module("attn", _attention = new CosineAttention(config, type));
        register_module("mlp", _mlp = new Mlp(config, type));
    }

    /// <summary>What attention and MLP read.</summary>
    internal LayerNorm Norm => _norm;

    /// <summary>Its cosine attention.</summary>
    internal CosineAttention Attention => _attention;

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
