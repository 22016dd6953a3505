namespace Cottention.Training.Measurement;

/// <summary>The kinds of bidirectional attention that are compared.</summary>
internal enum BidirectionalKind
{
    /// <summary>Cosine self-attention.</summary>
    Cosine,

    /// <summary>Softmax through libtorch's fused kernel, which makes no S x S matrix but takes its time.</summary>
    SoftmaxFused,

    /// <summary>Softmax as it is written, with the S x S matrix.</summary>
    SoftmaxPlain,
}
