namespace Cottention.Training.Evaluation;

/// <summary>How much of a passage a token is foretold from.</summary>
internal enum PerplexityWay
{
    /// <summary>From all that comes before it in its passage: the state is carried through.</summary>
    Streaming,

    /// <summary>From what comes before it in its window.</summary>
    Sliding,
}
