using Cottention.Inference.Sampling;

namespace Cottention.Inference.Engine;

/// <summary>One <c>Generate</c> call: an optional prompt in, tokens out until a finish reason.</summary>
public sealed record GenerationRequest
{
    /// <summary>Default of <see cref="MaxTokens"/>.</summary>
    public const int DefaultMaxTokens = 256;

    /// <summary>Session to continue; null for a one-off that leaves nothing behind.</summary>
    public string? SessionId { get; init; }

    /// <summary>Text to consume first. Empty continues the session where it stands.</summary>
    public string Prompt { get; init; } = "";

    /// <summary>Token ids to consume instead of <see cref="Prompt"/>; the two exclude each other.</summary>
    public IReadOnlyList<int>? PromptTokens { get; init; }

    /// <summary>Whether control tokens written out in the prompt are control tokens. Default false: they are plain text.</summary>
    public bool ParseControlTokens { get; init; }

    /// <summary>Most tokens to sample, default 256. 0 consumes the prompt, commits, and answers with usage only.</summary>
    public int MaxTokens { get; init; } = DefaultMaxTokens;

    /// <summary>Before this many tokens neither end-of-text nor stop tokens are sampled, nor stop strings matched. Default 0.</summary>
    public int MinTokens { get; init; }

    /// <summary>Strings that end the generation and are not emitted: at most 16, each 1 to 256 bytes of UTF-8.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>Tokens that end the generation and are not emitted: at most 64.</summary>
    public IReadOnlyList<int> StopTokenIds { get; init; } = [];

    /// <summary>Whether the model's end-of-text token is an ordinary token. Default false.</summary>
    public bool IgnoreEos { get; init; }

    /// <summary>Whether the prompt's text comes back first. Default false.</summary>
    public bool Echo { get; init; }

    /// <summary>How tokens are chosen.</summary>
    public SamplingParameters Sampling { get; init; } = SamplingParameters.Default;
}
