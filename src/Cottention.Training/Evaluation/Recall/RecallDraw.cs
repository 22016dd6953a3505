namespace Cottention.Training.Evaluation.Recall;

/// <summary>What is drawn by chance for a trial; each has numbers of its own. From <see cref="Token"/> on there is one for each token drawn.</summary>
internal enum RecallDraw : ulong
{
    /// <summary>Where the filler starts.</summary>
    Filler,

    /// <summary>Whose secret word it is.</summary>
    Name,

    /// <summary>Which candidate is the value.</summary>
    Right,

    /// <summary>Which candidate is planted in its place to compare with.</summary>
    Other,

    /// <summary>The first of the tokens drawn.</summary>
    Token,
}
