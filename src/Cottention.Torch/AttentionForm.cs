namespace Cottention.Torch;

/// <summary>The two ways to compute causal cosine attention. Both give the same numbers, up to rounding.</summary>
public enum AttentionForm
{
    /// <summary>All tokens of a call at once, through a T x T matrix per head and the state from before the call. For training.</summary>
    Parallel,

    /// <summary>Token by token through the state, as a session is served.</summary>
    Recurrent,
}
