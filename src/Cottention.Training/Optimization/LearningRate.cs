namespace Cottention.Training.Optimization;

/// <summary>
/// Rises linearly for some steps, stays at the peak, and falls linearly to a share of it at the last step. Where the fall begins
/// depends on the number of steps alone, so a run may be made longer or shorter until then.
/// </summary>
/// <param name="Peak">Highest rate.</param>
/// <param name="WarmupSteps">Steps of the rise.</param>
/// <param name="Steps">All steps.</param>
/// <param name="DecayShare">Share of all steps in which it falls, 0 to 1.</param>
/// <param name="FinalShare">The last rate relative to the peak, 0 to 1.</param>
internal sealed record LearningRate(double Peak, long WarmupSteps, long Steps, double DecayShare, double FinalShare)
{
    /// <summary>The rate of a step, counted from 0.</summary>
    public double At(long step)
    {
        if (step < WarmupSteps)
            return Peak * (step + 1) / WarmupSteps;
        var begin = Math.Max(WarmupSteps, (long)(Steps * (1 - DecayShare)));
        var progress = Math.Clamp((step - begin) / (double)Math.Max(1, Steps - 1 - begin), 0, 1);
        return Peak * (1 - (1 - FinalShare) * progress);
    }
}
