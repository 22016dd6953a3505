using Cottention.Inference.Sampling;

namespace Cottention.Inference.Engine;

/// <summary>What one generation consumed and produced.</summary>
/// <param name="PromptTokens">Prompt tokens consumed by this generation.</param>
/// <param name="CachedPosition">Tokens the state had consumed before it: work that was not done again.</param>
/// <param name="OutputTokens">Tokens sampled, the one that ended the generation included.</param>
/// <param name="QueueTime">From the call to the first step that worked on it.</param>
/// <param name="TimeToFirstToken">From the call to the first token event; zero where none was produced.</param>
/// <param name="TotalTime">From the call to the end of generation, before the session is saved.</param>
public sealed record Usage(
    int PromptTokens,
    long CachedPosition,
    int OutputTokens,
    TimeSpan QueueTime,
    TimeSpan TimeToFirstToken,
    TimeSpan TotalTime);

/// <summary>
/// One item of the output stream. In order: with echo, one event that holds the prompt's text; one event a token;
/// last, one event with <see cref="FinishReason"/> and <see cref="Usage"/>. When the last one arrives, the session is saved.
/// </summary>
public sealed record TokenEvent
{
    /// <summary>The sampled token; null in the echo event and in the last event.</summary>
    public int? TokenId { get; init; }

    /// <summary>Text that became final with this event: whole code points, possibly empty. Concatenated they are the output.</summary>
    public string Text { get; init; } = "";

    /// <summary>Number of the sampled token in this generation, from 0; -1 in the echo event; the token count in the last event.</summary>
    public int Index { get; init; }

    /// <summary>Position of the token in the session, from 0; in the last event the session's next position.</summary>
    public long Position { get; init; }

    /// <summary>ln p of the sampled token; null unless log-probabilities were asked for.</summary>
    public float? Logprob { get; init; }

    /// <summary>The most probable tokens, best first; empty unless log-probabilities were asked for.</summary>
    public IReadOnlyList<TokenLogprob> TopLogprobs { get; init; } = [];

    /// <summary>Set in the last event.</summary>
    public FinishReason? FinishReason { get; init; }

    /// <summary>In the last event: the stop string that matched, if one did.</summary>
    public string? MatchedStop { get; init; }

    /// <summary>Set in the last event.</summary>
    public Usage? Usage { get; init; }

    /// <summary>In the last event: the session's version after the commit; 0 for a one-off.</summary>
    public long SessionVersion { get; init; }

    /// <summary>In the last event: the session is past the length the model was trained on. It goes on all the same.</summary>
    public bool PastTrainedLength { get; init; }
}
