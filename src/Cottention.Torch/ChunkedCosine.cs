using static TorchSharp.torch;

namespace Cottention.Torch;

/// <summary>
/// Causal cosine attention over whole sequences, in memory linear in T forward and back. The sequence is cut into chunks of
/// C = 64 tokens; a token reads its own chunk through a C x C matrix of cosines, and all earlier tokens through the state S_c
/// from before its chunk:
/// <code>
/// O_c = tril(Q_c K_c^T) V_c + Q_c S_c^T              S_(c+1) = S_c + V_c^T K_c
/// </code>
/// Backward keeps Q, K, V and the first state, makes the rest again, and sums a state R of the gradients from the end:
/// <code>
/// dQ_c = tril(dO_c V_c^T) K_c + dO_c S_c             R_(c-1) = R_c + dO_c^T Q_c
/// dK_c = tril(dO_c V_c^T)^T Q_c + V_c R_c            dV_c = tril(Q_c K_c^T)^T dO_c + K_c R_c^T
/// </code>
/// There is one state a chunk, T K V / C numbers a head, and never a T x T matrix nor a state a token.
/// </summary>
internal sealed class ChunkedCosine : autograd.MultiTensorFunction<ChunkedCosine>
{
    /// <summary>Tokens of a chunk. With heads of 64 the products inside chunks and those with states are then equally large.</summary>
    public const int ChunkTokens = 64;

    public override string Name => nameof(ChunkedCosine);

    /// <summary>All tokens of a call.</summary>
    /// <param name="query">[B, H, T, K], turned, of length 1; its type is the type of the products.</param>
    /// <param name="key">[B, H, T, K], likewise.</param>
    /// <param name="value">[B, H, T, V], divided.</param>
    /// <param name="state">[B, H, V, K] before these tokens, in the model's type, in which states are summed.</param>
    /// <returns>What the queries read, [B, H, T, V] in the type of the products, and the state after the last token.</returns>
    public static (Tensor Heads, Tensor State) Run(Tensor query, Tensor key, Tensor value, Tensor state)
    {
        if (!is_grad_enabled())
            return Forward(query, key, value, state);
        var results = apply(query, key, value, state);
        return (results[0], results[1]);
    }

    /// <inheritdoc/>
    public override List<Tensor> forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (query, key, value, state) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2], (Tensor)vars[3]);
        ctx.save_for_backward([query, key, value, state]);
        // TorchSharp fails where it is to make zeros for a result that nothing reads.
        ctx.set_materialize_grads(false);
        var (heads, after) = Forward(query, key, value, state);
        return [heads, after];
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, List<Tensor> grad_outputs)
    {
        using var scope = NewDisposeScope();
        var saved = ctx.get_saved_variables();
        var (length, product) = (saved[0].shape[2], saved[0].dtype);
        var (q, k, v, gradient) = (Chunks(saved[0]), Chunks(saved[1]), Chunks(saved[2]), Chunks(OrZeros(grad_outputs[0], saved[2]).to(product)));
        var (before, _) = Remember(saved[3], v, k);
        // From the end: what the queries of all later chunks, and the state that is handed on, ask of a chunk's keys and values.
        var (later, first) = Remember(OrZeros(grad_outputs[1], saved[3]), gradient.flip(2), q.flip(2));
        (before, later) = (before.to(product), later.flip(2).to(product));

        var cosines = q.matmul(k.mT).tril_();
        var weights = gradient.matmul(v.mT).tril_();
        var results = new[]
        {
            Join(weights.matmul(k).add_(gradient.matmul(before)), length),
            Join(weights.mT.matmul(q).add_(v.matmul(later)), length),
            Join(cosines.mT.matmul(gradient).add_(k.matmul(later.mT)), length),
            first,
        };
        return [.. results.Select(result => result.MoveToOuterDisposeScope())];
    }

    private static (Tensor Heads, Tensor State) Forward(Tensor query, Tensor key, Tensor value, Tensor state)
    {
        using var scope = NewDisposeScope();
        var (q, k, v) = (Chunks(query), Chunks(key), Chunks(value));
        var (before, after) = Remember(state, v, k);
        var heads = q.matmul(k.mT).tril_().matmul(v).add_(q.matmul(before.to(q.dtype).mT));
        return (Join(heads, query.shape[2]).MoveToOuterDisposeScope(), after.MoveToOuterDisposeScope());
    }

    private static Tensor OrZeros(Tensor gradient, Tensor like) => gradient is { IsInvalid: false } ? gradient : zeros_like(like);

    /// <summary>[B, H, T, K] to [B, H, T / C, C, K]. Rows of zeros fill the last chunk: they add nothing to any sum.</summary>
    private static Tensor Chunks(Tensor rows)
    {
        var length = rows.shape[2];
        var chunk = Math.Min(ChunkTokens, length);
        var missing = (chunk - length % chunk) % chunk;
        var filled = missing == 0 ? rows : nn.functional.pad(rows, [0, 0, 0, missing]);
        return filled.contiguous().unflatten(2, [-1, chunk]);
    }

    private static Tensor Join(Tensor chunks, long length) => chunks.flatten(2, 3).narrow(2, 0, length);

    /// <summary>The state before each chunk [B, H, T / C, V, K], and the one after the last, from a first state and chunks of rows.</summary>
    private static (Tensor Before, Tensor After) Remember(Tensor state, Tensor values, Tensor keys)
    {
        var chunks = values.shape[2];
        var sums = cat([state.unsqueeze(2), values.mT.matmul(keys).to(state.dtype)], 2);
        for (long chunk = 1; chunk <= chunks; chunk++)
            sums.select(2, chunk).add_(sums.select(2, chunk - 1));
        return (sums.narrow(2, 0, chunks), sums.select(2, chunks).contiguous());
    }
}
