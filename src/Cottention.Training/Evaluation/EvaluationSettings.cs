using Cottention.Inference.Runners.Cpu;

namespace Cottention.Training.Evaluation;

/// <summary>What an evaluation was asked for.</summary>
internal sealed record EvaluationSettings
{
    /// <summary>Models to measure.</summary>
    public required IReadOnlyList<ModelSource> Models { get; init; }

    /// <summary>Text files to measure on.</summary>
    public required IReadOnlyList<string> Texts { get; init; }

    /// <summary>What computes. Default: both runners.</summary>
    public EvaluationRunner Runner { get; init; }

    /// <summary>Format of the CPU runner's weights. Default: as exact as the checkpoint.</summary>
    public WeightFormat Weights { get; init; }

    /// <summary>Whether to measure by position. Perplexity as a whole is measured where nothing else is asked for.</summary>
    public bool ByPosition { get; init; }

    /// <summary>Places of a text from which it is read by position. Default 8.</summary>
    public int Streams { get; init; } = 8;

    /// <summary>Most tokens read before a token that is foretold by position. Default 65,536.</summary>
    public int Positions { get; init; } = 1 << 16;

    /// <summary>Whether to measure recall by distance.</summary>
    public bool Recall { get; init; }

    /// <summary>Things to recall, each at every distance. Default 50.</summary>
    public int Trials { get; init; } = 50;

    /// <summary>Longest distance of recall, in tokens. Default 16,384.</summary>
    public int Farthest { get; init; } = 1 << 14;

    /// <summary>Decides what is planted where. Default 1.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Whether the documents of a text follow each other in one passage. Default false.</summary>
    public bool Across { get; init; }

    /// <summary>Tokens of a sliding window. Default 1024.</summary>
    public int Window { get; init; } = 1024;

    /// <summary>From the start of one window to that of the next. Default 512.</summary>
    public int Stride { get; init; } = 512;

    /// <summary>Most tokens of a text to foretell; null (default) for all.</summary>
    public long? LimitTokens { get; init; }

    /// <summary>Largest difference of the runners' mean losses that passes, in nats. Default 1e-4.</summary>
    public double Tolerance { get; init; } = 1e-4;

    /// <summary>Threads that compute; 0 (default) for all.</summary>
    public int Threads { get; init; }

    /// <summary>Checks what the settings must have in common.</summary>
    /// <exception cref="FormatException">They do not fit; the message says why in one line.</exception>
    public void Check()
    {
        if (Stride >= Window)
            throw new FormatException($"The stride is {Stride} and the window {Window}; allowed: a stride from 1 to the window less 1.");
        if (Models.GroupBy(model => model.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new FormatException($"{twice.Count()} models are called '{twice.Key}'; tell them apart with --model NAME=FOLDER.");
    }
}
