namespace Cottention.Training.Evaluation.Recall;

/// <summary>How well a model recalls what was planted in a text, by distance.</summary>
/// <param name="Model">The model's name.</param>
/// <param name="Text">The filler's name.</param>
/// <param name="Kind">What was planted.</param>
/// <param name="Runner">What computed it.</param>
/// <param name="Trials">Trials at each distance; the same plants and fillers at all of them.</param>
/// <param name="Candidates">Tokens that the value is told from.</param>
/// <param name="Seconds">Time it took.</param>
/// <param name="TokensRead">Tokens that the model read for it.</param>
/// <param name="Points">By distance.</param>
internal sealed record RecallEntry(
    string Model, string Text, RecallKind Kind, string Runner, int Trials, int Candidates, double Seconds, long TokensRead, IReadOnlyList<RecallPoint> Points)
{
    /// <summary>Accuracy of guessing.</summary>
    public double ChanceLevel => 1.0 / Candidates;

    /// <summary>What tables call it among others.</summary>
    /// <param name="withRunner">Whether the runner tells it apart.</param>
    public string Label(bool withRunner) => withRunner ? $"{Model} ({Runner})" : Model;
}
