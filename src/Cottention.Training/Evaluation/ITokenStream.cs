namespace Cottention.Training.Evaluation;

/// <summary>One state of a model that reads tokens and tells what it expects after them. Not safe for use by two threads at once.</summary>
internal interface ITokenStream : IDisposable
{
    /// <summary>What computes: <c>cpu</c> or <c>torch</c>.</summary>
    string Runner { get; }

    /// <summary>N, width of a row of logits.</summary>
    int VocabularySize { get; }

    /// <summary>Most tokens that one call may read.</summary>
    int MaxTokens { get; }

    /// <summary>Goes back to position 0 and a zero state.</summary>
    void Reset();

    /// <summary>Reads tokens after those that were read before.</summary>
    /// <param name="tokens">1 to <see cref="MaxTokens"/> ids within the vocabulary.</param>
    /// <param name="logits">[n, N] f32: takes the logits after each of the last n tokens; empty where none are wanted.</param>
    void Read(ReadOnlySpan<int> tokens, Span<float> logits);

    /// <summary>Remembers state and position, in place of what was remembered before.</summary>
    void Mark();

    /// <summary>Goes back to the state and position that were remembered; they stay remembered.</summary>
    void Return();
}
