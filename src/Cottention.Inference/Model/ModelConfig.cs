namespace Cottention.Inference.Model;

/// <summary>
/// The numbers of a causal Cottention model, as in the <c>config.json</c> of a GPT-J checkpoint.
/// Read and checked by ModelConfigReader.
/// </summary>
public sealed record ModelConfig
{
    /// <summary>D, <c>n_embd</c>.</summary>
    public required int EmbeddingSize { get; init; }

    /// <summary>H, <c>n_head</c>.</summary>
    public required int HeadCount { get; init; }

    /// <summary>L, <c>n_layer</c>.</summary>
    public required int LayerCount { get; init; }

    /// <summary>Width of the MLP, <c>n_inner</c>; null in the file means 4 D.</summary>
    public required int InnerSize { get; init; }

    /// <summary>N, <c>vocab_size</c>: rows of the embedding and of the head, padding included.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Rotated components of a head, from the first, even; null in the file means the whole head.</summary>
    public required int RotaryDim { get; init; }

    /// <summary>Longest sequence of the training, <c>n_positions</c>. Inference goes on past it.</summary>
    public required int TrainedPositions { get; init; }

    /// <summary>Added to the variance, <c>layer_norm_epsilon</c>. Default 1e-5. A double, so that float64 references agree to 1e-10.</summary>
    public double LayerNormEpsilon { get; init; } = 1e-5;

    /// <summary>Token that begins a text, if the model has one.</summary>
    public int? BosTokenId { get; init; }

    /// <summary>Token that ends a text, if the model has one.</summary>
    public int? EosTokenId { get; init; }

    /// <summary>Whether the head shares the embedding's weight, <c>tie_word_embeddings</c>.</summary>
    public bool TieWordEmbeddings { get; init; }

    /// <summary>K = V = D / H.</summary>
    public int HeadDim => EmbeddingSize / HeadCount;

    /// <summary>Number of weights, a tied head counted once.</summary>
    public long ParameterCount
    {
        get
        {
            long d = EmbeddingSize, m = InnerSize, n = VocabularySize;
            var layer = 4 * d * d + HeadCount + 2 * d + (d * m + m) + (m * d + d);
            return n * d + LayerCount * layer + 2 * d + (TieWordEmbeddings ? 0 : n * d) + n;
        }
    }
}
