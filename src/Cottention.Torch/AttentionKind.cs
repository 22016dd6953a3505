namespace Cottention.Torch;

/// <summary>How a token reads the tokens before it. Everything else of the GPT-J layer is the same.</summary>
public enum AttentionKind
{
    /// <summary>Cosine attention (Cottention): a state of fixed size. What this product serves.</summary>
    Cosine,

    /// <summary>Softmax attention: keys and values of all tokens are kept. Only to compare with.</summary>
    Softmax,
}
