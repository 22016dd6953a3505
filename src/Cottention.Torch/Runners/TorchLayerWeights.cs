using static TorchSharp.torch;

namespace Cottention.Torch.Runners;

/// <summary>One layer's weights on the device, which <see cref="TorchModelWeights"/> owns.</summary>
internal sealed record TorchLayerWeights
{
    /// <summary>[D].</summary>
    public required Tensor NormWeight { get; init; }

    /// <summary>[D].</summary>
    public required Tensor NormBias { get; init; }

    /// <summary>Query, key and value below each other, [3 D, D].</summary>
    public required FixedRowProduct QueryKeyValue { get; init; }

    /// <summary>[D, D].</summary>
    public required FixedRowProduct AttentionOut { get; init; }

    /// <summary>[M, D].</summary>
    public required FixedRowProduct MlpIn { get; init; }

    /// <summary>[D, M].</summary>
    public required FixedRowProduct MlpOut { get; init; }

    /// <summary>[H], sigmoid(norm_const): the power of the count that divides a value.</summary>
    public required double[] Sigmas { get; init; }
}
