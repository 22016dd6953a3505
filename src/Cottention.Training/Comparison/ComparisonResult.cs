using Cottention.Training.Measurement;

namespace Cottention.Training.Comparison;

/// <summary>Everything <c>compare</c> measured; kept as JSON, part by part, so that a stopped comparison goes on.</summary>
internal sealed record ComparisonResult
{
    /// <summary>Processor, threads and system.</summary>
    public required string Machine { get; init; }

    /// <summary>What all runs share; attention and carry differ.</summary>
    public required TrainingOptions Options { get; init; }

    /// <summary>One for each run.</summary>
    public IReadOnlyList<TrainedRun>? Runs { get; set; }

    /// <summary>Speed of training, by kind of attention.</summary>
    public IReadOnlyList<SpeedSample>? Speeds { get; set; }

    /// <summary>One sequence forward and back.</summary>
    public IReadOnlyList<MeasuredWorkload>? Training { get; set; }

    /// <summary>One token after many.</summary>
    public IReadOnlyList<MeasuredWorkload>? Generation { get; set; }

    /// <summary>One layer in which every token reads every token.</summary>
    public IReadOnlyList<MeasuredWorkload>? Bidirectional { get; set; }
}

/// <summary>A model trained for the comparison.</summary>
/// <param name="Name">Name of its folder.</param>
/// <param name="Parameters">Number of weights.</param>
/// <param name="Tokens">Tokens trained on.</param>
/// <param name="Losses">Mean loss of each validation text, nats a token.</param>
internal sealed record TrainedRun(string Name, long Parameters, long Tokens, IReadOnlyDictionary<string, double> Losses);

/// <summary>One round of the speed measurement, the kinds one after the other.</summary>
/// <param name="CosineTokensPerSecond">Training with cosine attention.</param>
/// <param name="SoftmaxTokensPerSecond">Training with softmax attention.</param>
internal sealed record SpeedSample(double CosineTokensPerSecond, double SoftmaxTokensPerSecond);

/// <summary>A workload of some length, and what it took.</summary>
/// <param name="Kind">Cosine, softmax and so on.</param>
/// <param name="Tokens">T, or the position.</param>
/// <param name="Result">What it took; null when it did not run.</param>
/// <param name="Reason">Why it did not run.</param>
internal sealed record MeasuredWorkload(string Kind, int Tokens, Measured? Result, string Reason);
