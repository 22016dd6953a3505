using Cottention.Training.Evaluation.Recall;

namespace Cottention.Training.Evaluation;

/// <summary>An evaluation from settings to report: every model on every text.</summary>
/// <param name="settings">What was asked for.</param>
/// <param name="progress">Takes lines about the progress.</param>
internal sealed class EvaluationRun(EvaluationSettings settings, TextWriter progress)
{
    /// <summary>Measures everything.</summary>
    public EvaluationReport Execute()
    {
        settings.Check();
        var report = new EvaluationReport(settings);
        foreach (var source in settings.Models)
        {
            using var model = EvaluatedModel.Open(source, settings.Runner, settings.Weights, settings.Threads);
            report.Models.Add(ModelEntry.Of(model));
            foreach (var path in settings.Texts)
            {
                var text = EvaluatedText.Load(path, model.Tokenizer);
                report.Texts.Add(TextEntry.Of(text, model));
                Measure(report, model, text);
            }
        }
        if (report.Models.Select(model => model.TokenizerSha256).Distinct().Count() > 1)
            progress.WriteLine("The models have different vocabularies: compare their bits a byte, not their nats or perplexities.");
        return report;
    }

    private void Measure(EvaluationReport report, EvaluatedModel model, EvaluatedText text)
    {
        if (settings.ByPosition)
            new PositionMeasurement(settings, report, progress).Run(model, text);
        if (settings.Recall)
            new RecallMeasurement(settings, report, progress).Run(model, text);
        if (!settings.ByPosition && !settings.Recall)
            new PerplexityMeasurement(settings, report, progress).Run(model, text);
    }
}
