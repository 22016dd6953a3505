using Cottention.Inference.Model;
using static TorchSharp.torch;

namespace Cottention.Torch;

/// <summary>
/// Causal softmax attention as in GPT-J (heads scaled by 1 / sqrt(K), which GPT-J divides by too), to compare cosine attention
/// with. Its state holds the keys and values of all tokens so far and grows with them.
/// </summary>
internal sealed class SoftmaxAttention(ModelConfig config, ScalarType type, Device? device)
    : Attention(nameof(SoftmaxAttention), config, type, device)
{
    private readonly long _headDim = config.HeadDim;
    private readonly ScalarType _type = type;

    /// <summary>[2, B, H, 0, K]: no keys and values.</summary>
    public override Tensor ZeroState(long batch, Device? device) => zeros([2, batch, HeadCount, 0, _headDim], dtype: _type, device: device);

    /// <param name="input">[B, T, D], normalised.</param>
    /// <param name="turns">[B, T, 1, R/2] complex, from <see cref="RotaryAngles.Turns"/>.</param>
    /// <param name="counts">Not used.</param>
    /// <param name="state">[2, B, H, P, K]: keys and values of the P tokens before.</param>
    /// <param name="form">Not used: there is one way.</param>
    /// <returns>The attention's output [B, T, D], and [2, B, H, P + T, K].</returns>
    public override (Tensor Output, Tensor State) forward(Tensor input, Tensor turns, Tensor counts, Tensor state, AttentionForm form)
    {
        var (query, key, value) = Heads(input);
        var q = RotaryAngles.Rotate(query.to(_type), turns).transpose(1, 2).to(ProductType);
        var fresh = stack([RotaryAngles.Rotate(key.to(_type), turns), value.to(_type)]).transpose(2, 3);
        var after = state.shape[3] == 0 ? fresh : cat([state, fresh], 3);
        var (k, v) = (after[0], after[1]);
        var (before, length) = (state.shape[3], q.shape[2]);
        // One token reads everything; the first call is causal from its start; otherwise token t reads P + t others.
        using var mask = before == 0 || length == 1 ? null : ones(length, before + length, dtype: ScalarType.Bool, device: input.device).tril(before);
        var heads = nn.functional.scaled_dot_product_attention(
            q, k.to(ProductType), v.to(ProductType), attn_mask: mask, is_casual: before == 0 && length > 1);
        return (Output(heads), after);
    }
}
