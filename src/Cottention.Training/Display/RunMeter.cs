namespace Cottention.Training.Display;

/// <summary>Smooths what steps report: mean loss and speed of about the last fifty steps, and the time that is left.</summary>
/// <param name="steps">All steps of the run.</param>
/// <param name="tokensPerStep">Tokens of a step.</param>
internal sealed class RunMeter(long steps, long tokensPerStep)
{
    private const double Share = 0.02;

    private double _weight;
    private double _loss;
    private double _seconds;
    private long _step;

    /// <summary>Nats a token.</summary>
    public double MeanLoss => _loss / _weight;

    /// <summary>Speed of the training itself, without validations and checkpoints.</summary>
    public double TokensPerSecond => tokensPerStep * _weight / _seconds;

    /// <summary>Time until the last step at this speed.</summary>
    public TimeSpan Left => TimeSpan.FromSeconds((steps - _step) * _seconds / _weight);

    /// <summary>Takes a step in.</summary>
    public void Add(StepReport report)
    {
        _step = report.Step;
        _weight += Share * (1 - _weight);
        _loss += Share * (report.Loss - _loss);
        _seconds += Share * (report.Time.TotalSeconds - _seconds);
    }
}
