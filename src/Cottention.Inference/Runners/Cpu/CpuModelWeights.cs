namespace Cottention.Inference.Runners.Cpu;

/// <summary>All weights of a model, packed for the kernels.</summary>
internal sealed class CpuModelWeights : IDisposable
{
    /// <summary>Format of the matrices.</summary>
    public WeightFormat Format => Head.Format;

    /// <summary>wte.</summary>
    public required EmbeddingTable Embedding { get; init; }

    /// <summary>The blocks.</summary>
    public required LayerWeights[] Layers { get; init; }

    /// <summary>ln_f.</summary>
    public required NormWeights FinalNorm { get; init; }

    /// <summary>lm_head, [N, D].</summary>
    public required PackedMatrix Head { get; init; }

    /// <summary>Bias of lm_head, padded; zeroes where the model has none.</summary>
    public required NativeBuffer HeadBias { get; init; }

    /// <summary>Bytes of the matrices that every decoded token reads.</summary>
    public long BytesPerToken => Head.Bytes + Layers.Sum(layer =>
        layer.AttentionIn.Bytes + layer.AttentionOut.Bytes + layer.MlpIn.Bytes + layer.MlpOut.Bytes);

    /// <summary>Bytes in memory.</summary>
    public long Bytes => Embedding.Bytes + BytesPerToken + HeadBias.Bytes + FinalNorm.Bytes + Layers.Sum(layer =>
        layer.Norm.Bytes + layer.MlpInBias.Bytes + layer.MlpOutBias.Bytes);

    /// <inheritdoc/>
    public void Dispose()
    {
        Embedding.Dispose();
        foreach (var layer in Layers)
            layer.Dispose();
        FinalNorm.Dispose();
        Head.Dispose();
        HeadBias.Dispose();
    }
}
