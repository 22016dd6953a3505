namespace Cottention.Training;

/// <summary>The loss of a run is no longer a finite number: the weights are lost, the last checkpoint is not.</summary>
/// <param name="step">Steps taken before.</param>
/// <param name="loss">The loss.</param>
internal sealed class TrainingDivergedException(long step, double loss)
    : Exception($"The loss after step {step} is {loss}: the run has diverged. A lower learning rate may help.");
