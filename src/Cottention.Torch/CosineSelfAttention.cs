using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Cottention.Torch;

/// <summary>
/// Bidirectional cosine attention, the BERT side of Cottention (arXiv 2409.18747): every token reads every token. There is no
/// softmax between the two products, so they may be taken in either order:
/// <code>O = (Q K^T) V / n^sigma = Q (K^T V) / n^sigma</code>
/// with n the number of tokens that count. The first order is cheaper when there are fewer tokens than components of a head;
/// the second, taken otherwise, needs memory linear in their number and no S x S matrix.
/// </summary>
public sealed class CosineSelfAttention : nn.Module<Tensor, Tensor, Tensor>
{
    private const double SmallestNorm = 1e-12;

    private readonly Linear _query;
    private readonly Linear _key;
    private readonly Linear _value;
    private readonly Parameter _normConst;
    private readonly int _heads;

    /// <summary>A layer with random projections (as torch's Linear) and norm_const 0.5 in every head, as the authors begin.</summary>
    /// <param name="width">D.</param>
    /// <param name="heads">H, a divisor of the width.</param>
    /// <param name="type">Type of weights and arithmetic. Default Float32.</param>
    /// <param name="device">Where the weights lie. Default: the CPU.</param>
    /// <exception cref="ArgumentOutOfRangeException">Width or heads are below 1, or heads do not divide the width.</exception>
    public CosineSelfAttention(int width, int heads, ScalarType type = ScalarType.Float32, Device? device = null)
        : base(nameof(CosineSelfAttention))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        if (heads < 1 || width % heads != 0)
            throw new ArgumentOutOfRangeException(nameof(heads), heads, $"Allowed: a divisor of the width {width}.");
        _heads = heads;
        register_module("query", _query = nn.Linear(width, width, device: device, dtype: type));
        register_module("key", _key = nn.Linear(width, width, device: device, dtype: type));
        register_module("value", _value = nn.Linear(width, width, device: device, dtype: type));
        register_parameter("norm_const", _normConst = nn.Parameter(full([1, heads, 1, 1], 0.5, dtype: type, device: device)));
    }

    /// <summary>What every token reads.</summary>
    /// <param name="input">[B, S, D].</param>
    /// <param name="keep">[B, S]: 1 or true for a token that counts, 0 or false for padding. Outputs of padding are exactly 0.</param>
    /// <returns>[B, S, D], heads side by side; there is no projection after them.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit each other or the layer.</exception>
    public override Tensor forward(Tensor input, Tensor keep)
    {
        Check(input, keep);
        using var scope = NewDisposeScope();
        var kept = keep.to(ScalarType.Bool).to(input.dtype);
        var rows = kept.unsqueeze(1).unsqueeze(-1);
        // Masked first, then made of length 1: a vector of zeros stays one.
        Tensor Heads(Linear projection) => projection.call(input).unflatten(2, [_heads, -1]).transpose(1, 2) * rows;
        Tensor Unit(Tensor heads) => nn.functional.normalize(heads, p: 2, dim: -1, eps: SmallestNorm);

        var (query, key) = (Unit(Heads(_query)), Unit(Heads(_key)));
        var count = kept.sum(1).reshape(-1, 1, 1, 1);
        var value = Heads(_value) / count.pow(_normConst.sigmoid()).clamp_min(1);
        var heads = input.shape[1] < query.shape[3]
            ? query.matmul(key.mT).matmul(value)
            : query.matmul(key.mT.matmul(value));
        return heads.transpose(1, 2).flatten(2).MoveToOuterDisposeScope();
    }

    private void Check(Tensor input, Tensor keep)
    {
        var width = _query.weight!.shape[0]; // never null: a Linear has always a weight
        if (input.dim() != 3 || input.shape[2] != width)
            throw new ArgumentException($"The input has shape [{string.Join(", ", input.shape)}]; allowed: [B, S, {width}].", nameof(input));
        if (keep.dim() != 2 || keep.shape[0] != input.shape[0] || keep.shape[1] != input.shape[1])
            throw new ArgumentException(
                $"keep has shape [{string.Join(", ", keep.shape)}]; allowed: [{input.shape[0]}, {input.shape[1]}].", nameof(keep));
    }
}
