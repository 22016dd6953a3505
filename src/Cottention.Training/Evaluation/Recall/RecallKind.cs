namespace Cottention.Training.Evaluation.Recall;

/// <summary>What is planted in a text to be recalled later.</summary>
internal enum RecallKind
{
    /// <summary>A sentence that names the secret word of somebody.</summary>
    Sentence,

    /// <summary>Two rare tokens next to each other, A and B; A then stands there again. Needs no language.</summary>
    Bigram,
}
