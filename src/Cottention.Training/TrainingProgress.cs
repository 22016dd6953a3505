using Cottention.Training.Data;

namespace Cottention.Training;

/// <summary>What a checkpoint keeps beside its tensors.</summary>
/// <param name="Options">What defines the run.</param>
/// <param name="Sources">Names of the sources, in order.</param>
/// <param name="Step">Steps taken.</param>
/// <param name="Seconds">Time spent in training so far.</param>
/// <param name="MeanLoss">Mean loss of the last steps.</param>
/// <param name="Reader">Where the data stands.</param>
internal sealed record TrainingProgress(
    TrainingOptions Options, IReadOnlyList<string> Sources, long Step, double Seconds, RunningMean MeanLoss, BatchReaderState Reader);
