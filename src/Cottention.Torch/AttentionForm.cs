namespace Cottention.Torch;

/// <summary>The two ways to compute causal cosine attention. Both give the same numbers, up to rounding.</summary>
public enum AttentionForm
{
    /// <summary>All tokens of a call at once, chunk by chunk (<see cref="ChunkedCosine"/>). For training and prompts.</summary>
    Chunked,

    /// <summary>Token by token through the state, as a session is served.</summary>
    Recurrent,
}
