namespace Cottention.Inference.Runners.Cpu;

/// <summary>The weights of one block.</summary>
internal sealed class LayerWeights : IDisposable
{
    /// <summary>ln_1: weight, then bias.</summary>
    public required NormWeights Norm { get; init; }

    /// <summary>For each head 3 Kp rows: query, key, value.</summary>
    public required PackedMatrix AttentionIn { get; init; }

    /// <summary>Columns: Kp for each head.</summary>
    public required PackedMatrix AttentionOut { get; init; }

    /// <summary>fc_in.</summary>
    public required PackedMatrix MlpIn { get; init; }

    /// <summary>Bias of fc_in, padded.</summary>
    public required NativeBuffer MlpInBias { get; init; }

    /// <summary>fc_out.</summary>
    public required PackedMatrix MlpOut { get; init; }

    /// <summary>Bias of fc_out, padded.</summary>
    public required NativeBuffer MlpOutBias { get; init; }

    /// <summary>Sigmoid of norm_const, [H].</summary>
    public required double[] Sigmas { get; init; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Norm.Dispose();
        AttentionIn.Dispose();
        AttentionOut.Dispose();
        MlpIn.Dispose();
        MlpInBias.Dispose();
        MlpOut.Dispose();
        MlpOutBias.Dispose();
    }
}
