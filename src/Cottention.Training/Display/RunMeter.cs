namespace Cottention.Training.Display;

/// <summary>Tells from what steps report how fast a run is, and when it will end.</summary>
/// <param name="steps">All steps of the run.</param>
/// <param name="tokensPerStep">Tokens of a step.</param>
internal sealed class RunMeter(long steps, long tokensPerStep)
{
    private RunningMean _seconds;
    private long _step;

    /// <summary>Mean loss of about the last fifty steps, nats a token.</summary>
    public double MeanLoss { get; private set; }

    /// <summary>Speed of the training itself, without validations and checkpoints.</summary>
    public double TokensPerSecond => tokensPerStep / _seconds.Value;

    /// <summary>Time until the last step at this speed.</summary>
    public TimeSpan Left => TimeSpan.FromSeconds((steps - _step) * _seconds.Value);

    /// <summary>Takes a step in.</summary>
    public void Add(StepReport report)
    {
        (_step, MeanLoss) = (report.Step, report.MeanLoss);
        _seconds = _seconds.With(report.Time.TotalSeconds);
    }
}
