namespace Cottention.Training.Evaluation.Recall;

/// <summary>How well things are recalled from one distance.</summary>
/// <param name="Distance">Tokens from the value to where it is asked for.</param>
/// <param name="Accuracy">Share of the trials in which the value was the likeliest candidate.</param>
/// <param name="AccuracyError">Its standard error, that of a binomial share.</param>
/// <param name="Gain">Mean of <see cref="RecallScore.Gain"/>, in nats.</param>
/// <param name="GainError">Its standard error; null for a single trial.</param>
/// <param name="Lift">Mean of <see cref="RecallScore.Lift"/>, in nats.</param>
/// <param name="LiftError">Its standard error; null for a single trial.</param>
/// <param name="LogProbability">Mean log-probability of the value, in nats.</param>
internal sealed record RecallPoint(
    int Distance, double Accuracy, double AccuracyError, double Gain, double? GainError, double Lift, double? LiftError, double LogProbability)
{
    /// <summary>Sums up the trials at a distance.</summary>
    public static RecallPoint Of(int distance, IReadOnlyCollection<RecallScore> scores)
    {
        var accuracy = scores.Average(score => score.First ? 1.0 : 0.0);
        var (gain, gainError) = Mean([.. scores.Select(score => score.Gain)]);
        var (lift, liftError) = Mean([.. scores.Select(score => score.Lift)]);
        return new RecallPoint(
            distance, accuracy, Math.Sqrt(accuracy * (1 - accuracy) / scores.Count), gain, gainError, lift, liftError, scores.Average(score => score.LogProbability));
    }

    private static (double Mean, double? Error) Mean(double[] values)
    {
        var mean = values.Average();
        return (mean, values.Length > 1 ? Math.Sqrt(values.Sum(value => Math.Pow(value - mean, 2)) / (values.Length - 1) / values.Length) : null);
    }
}
