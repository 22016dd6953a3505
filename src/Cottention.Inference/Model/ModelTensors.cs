namespace Cottention.Inference.Model;

/// <summary>Names and shapes of the tensors of a model, as GPT-J checkpoints have them, plus <c>norm_const</c>.</summary>
public static class ModelTensors
{
    /// <summary>Token embedding, <c>[N, D]</c>.</summary>
    public const string Embedding = "transformer.wte.weight";

    /// <summary>Weight of the last LayerNorm, <c>[D]</c>.</summary>
    public const string FinalNormWeight = "transformer.ln_f.weight";

    /// <summary>Bias of the last LayerNorm, <c>[D]</c>.</summary>
    public const string FinalNormBias = "transformer.ln_f.bias";

    /// <summary>Weight of the head, <c>[N, D]</c>; the embedding's where the head is tied.</summary>
    public const string HeadWeight = "lm_head.weight";

    /// <summary>Bias of the head, <c>[N]</c>.</summary>
    public const string HeadBias = "lm_head.bias";

    /// <summary>Name of one layer's tensor.</summary>
    /// <param name="layer">From 0.</param>
    /// <param name="part">For example <c>attn.q_proj.weight</c>.</param>
    public static string OfLayer(int layer, string part) => $"transformer.h.{layer}.{part}";

    /// <summary>Name of the attention's norm constants of a layer, <c>[1, H, 1, 1]</c>.</summary>
    public static string NormConst(int layer) => OfLayer(layer, "attn.norm_const");

    /// <summary>Name of the scales of a quantised matrix, BF16 <c>[N, ceil(K / 32)]</c>.</summary>
    public static string ScalesOf(string matrix) => $"{matrix}.scales";

    /// <summary>Whether a tensor is a matrix of products, which may be stored quantised: projections, MLP, head.</summary>
    public static bool IsQuantizable(string name) =>
        name == HeadWeight
        || (name.EndsWith(".weight", StringComparison.Ordinal)
            && (name.Contains("_proj.", StringComparison.Ordinal) || name.Contains(".fc_", StringComparison.Ordinal)));

    /// <summary>Every tensor that a model has, with its shape. A tied head's weight is not among them.</summary>
    public static IEnumerable<(string Name, long[] Shape)> Of(ModelConfig config)
    {
        long d = config.EmbeddingSize, m = config.InnerSize, n = config.VocabularySize;
        yield return (Embedding, [n, d]);
        for (var layer = 0; layer < config.LayerCount; layer++)
        {
            yield return (OfLayer(layer, "ln_1.weight"), [d]);
            yield return (OfLayer(layer, "ln_1.bias"), [d]);
            yield return (OfLayer(layer, "attn.q_proj.weight"), [d, d]);
            yield return (OfLayer(layer, "attn.k_proj.weight"), [d, d]);
            yield return (OfLayer(layer, "attn.v_proj.weight"), [d, d]);
            yield return (OfLayer(layer, "attn.out_proj.weight"), [d, d]);
            yield return (NormConst(layer), [1, config.HeadCount, 1, 1]);
            yield return (OfLayer(layer, "mlp.fc_in.weight"), [m, d]);
            yield return (OfLayer(layer, "mlp.fc_in.bias"), [m]);
            yield return (OfLayer(layer, "mlp.fc_out.weight"), [d, m]);
            yield return (OfLayer(layer, "mlp.fc_out.bias"), [d]);
        }
        yield return (FinalNormWeight, [d]);
        yield return (FinalNormBias, [d]);
        if (!config.TieWordEmbeddings)
            yield return (HeadWeight, [n, d]);
        yield return (HeadBias, [n]);
    }

    /// <summary>
    /// Whether a tensor that is not of the model is a buffer that GPT-J classes save beside their weights and rebuild
    /// when they load: the causal mask, its fill value, the table of sines.
    /// </summary>
    public static bool IsHarmlessBuffer(string name, ModelConfig config)
    {
        var parts = name.Split('.');
        return parts is ["transformer", "h", var layer, "attn", "bias" or "masked_bias" or "embed_positions"]
            && int.TryParse(layer, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var index) && index < config.LayerCount;
    }
}
