using Cottention.Inference.Model;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Cottention.Torch.Runners;

/// <summary>The forward pass of one plan. Everything here keeps the bits of a token whatever else is in the plan.</summary>
internal sealed class TorchModelStep(ModelConfig config, TorchModelWeights weights, IRecurrence recurrence, PlanTensors plan, Device device)
{
    // Where elements are computed in vectors and the last ones singly, the two round otherwise.
    private readonly bool _vectorsHaveTails = device.type == TorchSharp.DeviceType.CPU;

    /// <summary>Runs the tokens of the plan that was filled in.</summary>
    /// <param name="states">[slots, L, H, V, K], updated in place.</param>
    /// <returns>What the head reads after each token, in the caller's dispose scope: [tokens, padded; D].</returns>
    public Tensor Hidden(Tensor states)
    {
        using var scope = NewDisposeScope();
        recurrence.Begin(plan);
        var hidden = weights.Embedding.index_select(0, plan.Tokens);
        for (var layer = 0; layer < config.LayerCount; layer++)
        {
            using var inner = NewDisposeScope();
            var w = weights.Layers[layer];
            var normed = Norm(hidden, w.NormWeight, w.NormBias);
            var heads = recurrence.Run(layer, w.QueryKeyValue.Of(normed), states);
            hidden.add_(w.AttentionOut.Of(heads)).add_(w.MlpOut.Of(Activate(w.MlpIn.Of(normed))));
        }
        return hidden.MoveToOuterDisposeScope();
    }

    /// <summary>Logits after some tokens.</summary>
    /// <param name="hidden">From <see cref="Hidden"/>.</param>
    /// <param name="count">Rows of logits that the plan wants.</param>
    /// <returns>[count, N], in the caller's dispose scope.</returns>
    public Tensor Logits(Tensor hidden, int count)
    {
        using var scope = NewDisposeScope();
        var read = Norm(hidden.index_select(0, plan.LogitsTokens(count)), weights.FinalNormWeight, weights.FinalNormBias);
        return weights.Head.Of(read).narrow(0, 0, count).MoveToOuterDisposeScope();
    }

    private Tensor Norm(Tensor rows, Tensor weight, Tensor bias) =>
        nn.functional.layer_norm(rows, [config.EmbeddingSize], weight, bias, config.LayerNormEpsilon);

    // gelu_new, in place.
    private Tensor Activate(Tensor inner)
    {
        if (!_vectorsHaveTails)
            return inner.gelu_(GELU.Approximate.tanh);
        for (var token = 0; token < plan.TokenCount; token++)
        {
            using var scope = NewDisposeScope();
            inner.select(0, token).gelu_(GELU.Approximate.tanh);
        }
        return inner;
    }
}
