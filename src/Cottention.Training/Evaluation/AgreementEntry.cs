namespace Cottention.Training.Evaluation;

/// <summary>How far the results of the two runners lie apart.</summary>
/// <param name="Model">The model's name.</param>
/// <param name="Text">The text's name.</param>
/// <param name="What">What was measured.</param>
/// <param name="MeanDifference">Mean loss of the CPU runner less that of Torch, in nats.</param>
/// <param name="LargestDifference">Largest difference of one token's loss, in nats.</param>
internal sealed record AgreementEntry(string Model, string Text, string What, double MeanDifference, double LargestDifference)
{
    /// <summary>Compares losses of the same tokens.</summary>
    public static AgreementEntry Of(string model, string text, string what, ReadOnlySpan<double> cpu, ReadOnlySpan<double> torch)
    {
        var (sum, largest) = (0.0, 0.0);
        for (var i = 0; i < cpu.Length; i++)
        {
            sum += cpu[i] - torch[i];
            largest = Math.Max(largest, Math.Abs(cpu[i] - torch[i]));
        }
        return new AgreementEntry(model, text, what, sum / cpu.Length, largest);
    }
}
