using Cottention.Training.Data;
using static TorchSharp.torch;

namespace Cottention.Training;

/// <summary>A run as asked for on the command line: what defines it, and what only decides how it is watched.</summary>
internal sealed record RunSettings
{
    /// <summary>What defines the run.</summary>
    public required TrainingOptions Options { get; init; }

    /// <summary>What to train on.</summary>
    public required IReadOnlyList<TextSource> Data { get; init; }

    /// <summary>What to measure the validation loss on.</summary>
    public IReadOnlyList<TextSource> Valid { get; init; } = [];

    /// <summary>The run's folder.</summary>
    public required string Out { get; init; }

    /// <summary>Folder of a model whose vocabulary and weights the run begins with. Default null: a new vocabulary, random weights.</summary>
    public string? From { get; init; }

    /// <summary>Where it is computed. Default: the CPU.</summary>
    public Device Device { get; init; } = CPU;

    /// <summary>Time between checkpoints. Default 5 minutes.</summary>
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Steps between validations. Default 250.</summary>
    public int ValidateEvery { get; init; } = 250;

    /// <summary>Steps between texts written by the model. Default 500.</summary>
    public int SampleEvery { get; init; } = 500;

    /// <summary>What these texts begin with.</summary>
    public string SamplePrompt { get; init; } = "Once upon a time";
}
