namespace Cottention.Inference.Sampling;

/// <summary>
/// Which candidates stay: every key above <paramref name="Threshold"/>, and of those equal to it the first
/// <paramref name="Ties"/>, which are the ones with the lowest ids.
/// </summary>
internal readonly record struct Cut(float Threshold, int Ties)
{
    /// <summary>Every key of at least a threshold.</summary>
    public static Cut AtLeast(float threshold) => new(threshold, int.MaxValue);
}
