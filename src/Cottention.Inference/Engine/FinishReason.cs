namespace Cottention.Inference.Engine;

/// <summary>Why a generation ended and was committed. A cancelled or failed one ends with an exception instead and commits nothing.</summary>
public enum FinishReason
{
    /// <summary>A stop string, a stop token or the model's end-of-text token.</summary>
    Stop,

    /// <summary><c>max_tokens</c> was reached; with 0 the prompt was consumed and nothing generated.</summary>
    Length,
}
