namespace Cottention.Inference.Runners.Cpu;

/// <summary>Weight and bias of a layer norm, each padded with 0 to whole vectors.</summary>
/// <param name="Weight">[D].</param>
/// <param name="Bias">[D].</param>
internal sealed record NormWeights(NativeBuffer Weight, NativeBuffer Bias) : IDisposable
{
    /// <summary>Bytes in memory.</summary>
    public long Bytes => Weight.Bytes + Bias.Bytes;

    /// <inheritdoc/>
    public void Dispose()
    {
        Weight.Dispose();
        Bias.Dispose();
    }
}
