using System.Globalization;
using Spectre.Console;

namespace Cottention.Training.Display;

/// <summary>
/// Shows a run: in a terminal a progress bar with loss, speed and time left, with notes above it; elsewhere plain lines, one
/// for every half a minute.
/// </summary>
internal sealed class RunDisplay
{
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(30);

    private readonly RunMeter _meter;
    private readonly ProgressTask? _bar;
    private readonly long _steps;
    private long _lastLine = TimeProvider.System.GetTimestamp();

    private RunDisplay(RunMeter meter, ProgressTask? bar, long steps) => (_meter, _bar, _steps) = (meter, bar, steps);

    /// <summary>Runs the body with a display for it.</summary>
    /// <param name="meter">What is shown.</param>
    /// <param name="steps">All steps of the run.</param>
    /// <param name="body">The run.</param>
    public static void Show(RunMeter meter, long steps, Action<RunDisplay> body)
    {
        if (Console.IsOutputRedirected || !AnsiConsole.Profile.Capabilities.Interactive)
            body(new RunDisplay(meter, bar: null, steps));
        else
            AnsiConsole.Progress()
                .Columns(new ProgressBarColumn(), new PercentageColumn(), new TaskDescriptionColumn())
                .Start(context => body(new RunDisplay(meter, context.AddTask("", maxValue: steps), steps)));
    }

    /// <summary>Shows where the run is.</summary>
    public void Report(StepReport report)
    {
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"step {report.Step}/{_steps}  loss {_meter.MeanLoss:F3}  {_meter.TokensPerSecond:N0} tokens/s  {_meter.Left:hh\\:mm\\:ss} left");
        if (_bar is not null)
            (_bar.Value, _bar.Description) = (report.Step, text);
        else if (report.Step == _steps || TimeProvider.System.GetElapsedTime(_lastLine) >= LineInterval)
        {
            Console.WriteLine(text);
            _lastLine = TimeProvider.System.GetTimestamp();
        }
    }

    /// <summary>Shows a line that stays.</summary>
    public void Note(string text)
    {
        if (_bar is not null)
            AnsiConsole.WriteLine(text);
        else
            Console.WriteLine(text);
    }
}
