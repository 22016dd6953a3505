namespace Cottention.Training.Optimization;

/// <summary>Rises linearly for some steps, then falls along half a cosine to a share of the peak at the last step.</summary>
/// <param name="Peak">Highest rate.</param>
/// <param name="WarmupSteps">Steps of the rise.</param>
/// <param name="Steps">All steps.</param>
/// <param name="FinalShare">The last rate relative to the peak, 0 to 1.</param>
internal sealed record LearningRate(double Peak, long WarmupSteps, long Steps, double FinalShare)
{
    /// <summary>The rate of a step, counted from 0.</summary>
    public double At(long step)
    {
        if (step < WarmupSteps)
            return Peak * (step + 1) / WarmupSteps;
        var progress = Math.Clamp((step - WarmupSteps) / (double)Math.Max(1, Steps - 1 - WarmupSteps), 0, 1);
        return Peak * (FinalShare + (1 - FinalShare) * 0.5 * (1 + Math.Cos(Math.PI * progress)));
    }
}
