using System.Globalization;

namespace Cottention.Training.Display;

/// <summary>
/// log.csv of a run: a line for every report and every validation, added at the end. A resumed run first drops the lines of
/// steps after its checkpoint, which it takes again.
/// </summary>
internal sealed class RunLog
{
    private const string Header = "step,tokens,what,loss,gradient,learning_rate,tokens_per_second";

    private readonly string _path;

    /// <param name="path">The file.</param>
    /// <param name="step">Steps taken so far.</param>
    public RunLog(string path, long step)
    {
        _path = path;
        var kept = File.Exists(path) ? File.ReadLines(path).Skip(1).Where(line => StepOf(line) <= step) : [];
        var fresh = path + ".new";
        File.WriteAllLines(fresh, [Header, .. kept]);
        File.Move(fresh, path, overwrite: true);
    }

    /// <summary>A line for the mean of the last steps.</summary>
    public void Add(StepReport report, double tokensPerSecond) => File.AppendAllText(_path, string.Create(
        CultureInfo.InvariantCulture,
        $"{report.Step},{report.Tokens},train,{report.MeanLoss:F4},{report.GradientLength:F3},{report.LearningRate:E3},{tokensPerSecond:F0}\n"));

    /// <summary>A line for a validation.</summary>
    public void AddValidation(StepReport report, string name, double loss) => File.AppendAllText(_path, string.Create(
        CultureInfo.InvariantCulture, $"{report.Step},{report.Tokens},{name},{loss:F4},,,\n"));

    // A line cut off by a kill counts as one of the last step there is.
    private static long StepOf(string line) =>
        line.Count(c => c == ',') == Header.Count(c => c == ',') && long.TryParse(line.AsSpan(0, line.IndexOf(',')), NumberStyles.None, CultureInfo.InvariantCulture, out var step)
            ? step
            : long.MaxValue;
}
