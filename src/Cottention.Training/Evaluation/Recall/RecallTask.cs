namespace Cottention.Training.Evaluation.Recall;

/// <summary>Makes things to recall: the same for the same seed and number.</summary>
/// <param name="Kind">What is planted.</param>
/// <param name="Trial">Makes a thing to recall from a seed and its number.</param>
/// <param name="CandidateCount">Candidates of each; guessing is right once in as many times.</param>
internal sealed record RecallTask(RecallKind Kind, Func<ulong, int, RecallTrial> Trial, int CandidateCount)
{
    /// <summary>Most candidates.</summary>
    public const int MostCandidates = 32;

    /// <summary>Fewest candidates that make a task.</summary>
    public const int FewestCandidates = 4;
}
