using Cottention.Inference.Model;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Cottention.Torch;

/// <summary>
/// Causal cosine attention (Cottention, arXiv 2409.18747), readable first. Query and key are normalised, so their product
/// is a cosine; instead of a softmax the value of token s (counted from 1) is divided by s^sigmoid(norm_const):
/// <code>o_s = sum over t up to s of (q_s . k_t) v_t / t^sigma</code>
/// which is also o_s = S_s q_s with the state S_s = S_(s-1) + v_s k_s^T.
/// </summary>
internal sealed class CosineAttention : nn.Module<Tensor, Tensor, Tensor, Tensor, AttentionForm, (Tensor Output, Tensor State)>
{
    private const double SmallestNorm = 1e-12;

    private readonly Projection _query;
    private readonly Projection _key;
    private readonly Projection _value;
    private readonly Projection _output;
    private readonly Parameter _normConst;
    private readonly int _heads;

    public CosineAttention(ModelConfig config, ScalarType type)
        : base(nameof(CosineAttention))
    {
        _heads = config.HeadCount;
        var width = config.EmbeddingSize;
        register_module("q_proj", _query = new Projection(width, width, bias: false, type));
        register_module("k_proj", _key = new Projection(width, width, bias: false, type));
        register_module("v_proj", _value = new Projection(width, width, bias: false, type));
        register_module("out_proj", _output = new Projection(width, width, bias: false, type));
        register_parameter("norm_const", _normConst = nn.Parameter(zeros(1, _heads, 1, 1, dtype: type)));
    }

    /// <summary>[1, H, 1, 1]; its sigmoid is the power of the count that divides a value.</summary>
    internal Parameter NormConst => _normConst;

    /// <param name="input">[B, T, D], normalised.</param>
    /// <param name="turns">[B, T, 1, R/2] complex, from <see cref="RotaryAngles.Turns"/>.</param>
    /// <param name="counts">[B, 1, T, 1]: each token's number, from 1.</param>
    /// <param name="state">[B, H, V, K] before these tokens.</param>
    /// <param name="form">How to compute it.</param>
    /// <returns>The attention's output [B, T, D], and the state [B, H, V, K] after these tokens.</returns>
    public override (Tensor Output, Tensor State) forward(Tensor input, Tensor turns, Tensor counts, Tensor state, AttentionForm form)
    {
        var (query, key, value) = Project(input, turns, counts);
        var (heads, after) = form == AttentionForm.Parallel
            ? Parallel(query, key, value, state, _query.ProductType ?? state.dtype)
            : Recurrent(query, key, value, state);
        return (_output.call(heads.transpose(1, 2).flatten(2)), after);
    }

    /// <summary>Query and key turned and of length 1, value divided. Each [B, H, T, K].</summary>
    internal (Tensor Query, Tensor Key, Tensor Value) Project(Tensor input, Tensor turns, Tensor counts)
    {
        var query = Unit(RotaryAngles.Rotate(Heads(_query.call(input)), turns));
        var key = Unit(RotaryAngles.Rotate(Heads(_key.call(input)), turns));
        var value = Divide(Heads(_value.call(input)).transpose(1, 2), counts);
        return (query.transpose(1, 2), key.transpose(1, 2), value);
    }

    /// <summary>Values [B, H, T, V] divided by count^sigma, each by the count of its own token.</summary>
    internal Tensor Divide(Tensor values, Tensor counts) => values / counts.pow(_normConst.sigmoid());

    /// <summary>q / max(|q|, 1e-12) over each head.</summary>
    internal static Tensor Unit(Tensor heads) => nn.functional.normalize(heads, p: 2, dim: -1, eps: SmallestNorm);

    /// <summary>All tokens at once: a causal T x T matrix of cosines per head, plus what the state remembers.</summary>
    internal static (Tensor Heads, Tensor State) Parallel(Tensor query, Tensor key, Tensor value, Tensor state, ScalarType product)
    {
        var (q, k, v) = (query.to(product), key.to(product), value.to(product));
        var cosines = q.matmul(k.transpose(-2, -1)).tril();
        var heads = cosines.matmul(v) + q.matmul(state.to(product).transpose(-2, -1));
        return (heads, state + v.transpose(-2, -1).matmul(k));
    }

    /// <summary>Token by token: the state takes the token in, then the query reads it.</summary>
    internal static (Tensor Heads, Tensor State) Recurrent(Tensor query, Tensor key, Tensor value, Tensor state)
    {
        var heads = new List<Tensor>();
        for (long t = 0; t < query.shape[2]; t++)
        {
            var (q, k, v) = (query.select(2, t), key.select(2, t), value.select(2, t));
            state = state + v.unsqueeze(-1) * k.unsqueeze(-2);
            heads.Add(state.matmul(q.unsqueeze(-1)).squeeze(-1));
        }
        return (stack(heads, 2), state);
    }

    /// <summary>[B, T, D] of any type to [B, T, H, K] of the model's.</summary>
    private Tensor Heads(Tensor input) => input.unflatten(2, [_heads, -1]).to(_normConst.dtype);
}
