namespace Cottention.Training.Evaluation.Recall;

/// <summary>How well one thing was recalled.</summary>
/// <param name="First">Whether the value was likelier than every other candidate.</param>
/// <param name="LogProbability">Log-probability of the value among all tokens.</param>
/// <param name="Gain">Log-probability of the value less the mean of the other candidates': 0 on average for a model that recalls nothing, but as far apart as the candidates are likely.</param>
/// <param name="Lift">Log-probability of the value less what it is with another candidate planted in its place: 0 for a model that recalls nothing.</param>
internal readonly record struct RecallScore(bool First, double LogProbability, double Gain, double Lift)
{
    /// <summary>Scores the logits after a query.</summary>
    /// <param name="logits">[N] f32.</param>
    /// <param name="trial">What was planted.</param>
    /// <param name="withOther">The value's log-probability with the other candidate planted in its place.</param>
    /// <exception cref="InvalidDataException">A logit is not a finite number.</exception>
    public static RecallScore Of(ReadOnlySpan<float> logits, RecallTrial trial, double withOther)
    {
        var (others, best) = (0.0, float.NegativeInfinity);
        for (var i = 0; i < trial.Candidates.Length; i++)
            if (i != trial.Right)
            {
                others += logits[trial.Candidates[i]];
                best = MathF.Max(best, logits[trial.Candidates[i]]);
            }
        var value = LogProbabilityOf(logits, trial.Value);
        return new RecallScore(
            logits[trial.Value] > best, value, logits[trial.Value] - others / (trial.Candidates.Length - 1), value - withOther);
    }

    /// <summary>Log-probability of a token.</summary>
    /// <exception cref="InvalidDataException">A logit is not a finite number.</exception>
    public static double LogProbabilityOf(ReadOnlySpan<float> logits, int token)
    {
        var value = logits[token] - Evaluation.LogProbability.Normalizer(logits);
        return double.IsFinite(value) ? value : throw new InvalidDataException("The logits after a query are not all finite numbers.");
    }
}
