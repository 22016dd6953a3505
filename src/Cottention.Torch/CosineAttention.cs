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
internal sealed class CosineAttention : Attention
{
    private readonly Parameter _normConst;
    private readonly long _headDim;

    public CosineAttention(ModelConfig config, ScalarType type, Device? device)
        : base(nameof(CosineAttention), config, type, device)
    {
        _headDim = config.HeadDim;
        register_parameter("norm_const", _normConst = nn.Parameter(zeros(1, HeadCount, 1, 1, dtype: type, device: device)));
    }

    /// <summary>[1, H, 1, 1]; its sigmoid is the power of the count that divides a value.</summary>
    internal Parameter NormConst => _normConst;

    /// <summary>[B, H, V, K], all zero.</summary>
    public override Tensor ZeroState(long batch, Device? device) =>
        zeros([batch, HeadCount, _headDim, _headDim], dtype: _normConst.dtype, device: device);

    /// <param name="input">[B, T, D], normalised.</param>
    /// <param name="turns">[B, T, 1, R/2] complex, from <see cref="RotaryAngles.Turns"/>.</param>
    /// <param name="counts">[B, 1, T, 1]: each token's number, from 1.</param>
    /// <param name="state">[B, H, V, K] before these tokens.</param>
    /// <param name="form">How to compute it.</param>
    /// <returns>The attention's output [B, T, D], and the state [B, H, V, K] after these tokens.</returns>
    public override (Tensor Output, Tensor State) forward(Tensor input, Tensor turns, Tensor counts, Tensor state, AttentionForm form)
    {
        var (query, key, value) = Project(input, turns, counts);
        var (heads, after) = form == AttentionForm.Chunked
            ? ChunkedCosine.Run(query, key, value, state)
            : Recurrent(query.to(state.dtype), key.to(state.dtype), value.to(state.dtype), state);
        return (Output(heads), after);
    }

    /// <summary>Query and key turned and of length 1, value divided. Each [B, H, T, K] in the type of the products.</summary>
    internal (Tensor Query, Tensor Key, Tensor Value) Project(Tensor input, Tensor turns, Tensor counts)
    {
        var (query, key, value) = Heads(input);
        return (TurnedUnit.Make(query, turns), TurnedUnit.Make(key, turns), Divide(value.transpose(1, 2), counts));
    }

    /// <summary>Values [B, H, T, V] divided by count^sigma, each by the count of its own token.</summary>
    internal Tensor Divide(Tensor values, Tensor counts) => (values * counts.pow(-_normConst.sigmoid())).to(values.dtype);

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
}
