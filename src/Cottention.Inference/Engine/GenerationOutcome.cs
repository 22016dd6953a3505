namespace Cottention.Inference.Engine;

/// <summary>How the step thread left a generation.</summary>
internal enum GenerationEnd
{
    /// <summary>It reached a finish reason; the session's fields and the exported state are those to commit.</summary>
    Finished,

    /// <summary>It was cancelled; the session object is dead.</summary>
    Cancelled,

    /// <summary>The session was parked while it waited: load its state and submit again.</summary>
    NeedsState,

    /// <summary>It failed; the session object is dead.</summary>
    Failed,
}

/// <summary>What the step thread says at the end of a generation.</summary>
internal sealed record GenerationOutcome(GenerationEnd End)
{
    public FinishReason Reason { get; init; }

    public string? MatchedStop { get; init; }

    /// <summary>Text that no token event carried.</summary>
    public string Text { get; init; } = "";

    public Usage? Usage { get; init; }

    public InferenceException? Error { get; init; }
}
