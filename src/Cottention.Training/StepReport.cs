namespace Cottention.Training;

/// <summary>What happened in one step.</summary>
/// <param name="Step">Steps taken, this one included.</param>
/// <param name="Tokens">Tokens trained on since the run began.</param>
/// <param name="Loss">Mean loss of the batch, in nats a token.</param>
/// <param name="MeanLoss">Mean over about the last fifty steps of the run, over stops and resumes.</param>
/// <param name="GradientLength">Length of the gradient before it was clipped.</param>
/// <param name="LearningRate">Rate of this step.</param>
/// <param name="Time">How long the step took.</param>
internal sealed record StepReport(long Step, long Tokens, double Loss, double MeanLoss, double GradientLength, double LearningRate, TimeSpan Time);
