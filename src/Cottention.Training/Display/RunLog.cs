using System.Globalization;

namespace Cottention.Training.Display;

/// <summary>
/// log.csv of a run: a line for every report and every validation, added at the end. After a resumed run the lines between the
/// checkpoint and the stop are there twice.
/// </summary>
internal sealed class RunLog
{
    private const string Header = "step,tokens,what,loss,gradient,learning_rate,tokens_per_second\n";

    private readonly string _path;

    public RunLog(string path)
    {
        _path = path;
        if (!File.Exists(path))
            File.WriteAllText(path, Header);
    }

    /// <summary>A line for the mean of the last steps.</summary>
    public void Add(StepReport report, double meanLoss, double tokensPerSecond) => File.AppendAllText(_path, string.Create(
        CultureInfo.InvariantCulture,
        $"{report.Step},{report.Tokens},train,{meanLoss:F4},{report.GradientLength:F3},{report.LearningRate:E3},{tokensPerSecond:F0}\n"));

    /// <summary>A line for a validation.</summary>
    public void AddValidation(StepReport report, string name, double loss) => File.AppendAllText(_path, string.Create(
        CultureInfo.InvariantCulture, $"{report.Step},{report.Tokens},{name},{loss:F4},,,\n"));
}
