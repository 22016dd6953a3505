using System.Text.Json.Serialization;

namespace Cottention.Training;

/// <summary>A mean in which a value counts the less the older it is: about the last fifty.</summary>
/// <param name="Weight">Sum of the weights so far, below 1.</param>
/// <param name="Sum">Weighted sum so far.</param>
internal readonly record struct RunningMean(double Weight, double Sum)
{
    private const double Share = 0.02;

    /// <summary>The mean; NaN before the first value.</summary>
    [JsonIgnore]
    public double Value => Sum / Weight;

    /// <summary>With one value more.</summary>
    public RunningMean With(double value) => new(Weight + Share * (1 - Weight), Sum + Share * (value - Sum));
}
