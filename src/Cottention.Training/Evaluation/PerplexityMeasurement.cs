using Cottention.Training.Display;

namespace Cottention.Training.Evaluation;

/// <summary>Measures how well a model foretells a text, streaming and sliding, through each of its runners.</summary>
/// <param name="settings">What was asked for.</param>
/// <param name="report">Takes the results.</param>
/// <param name="progress">Takes lines about the progress.</param>
internal sealed class PerplexityMeasurement(EvaluationSettings settings, EvaluationReport report, TextWriter progress)
{
    /// <summary>Measures one model on one text.</summary>
    public void Run(EvaluatedModel model, EvaluatedText text)
    {
        var passages = text.Passages(settings.Across, settings.LimitTokens);
        var measure = TextMeasure.Of(text, passages, model.Tokenizer);
        foreach (var way in Enum.GetValues<PerplexityWay>())
        {
            Window[] windows = way == PerplexityWay.Streaming
                ? [.. passages]
                : [.. passages.SelectMany(passage => Window.Slide(passage, settings.Window, settings.Stride))];
            var losses = model.Streams.Select(stream => Measure(model, text, way, stream, windows, measure)).ToArray();
            if (losses is [var cpu, var torch])
                report.Agreement.Add(AgreementEntry.Of(model.Source.Name, text.Name, way.ToString().ToLowerInvariant(), cpu, torch));
        }
    }

    private double[] Measure(EvaluatedModel model, EvaluatedText text, PerplexityWay way, ITokenStream stream, Window[] windows, TextMeasure measure)
    {
        var meter = new EvaluationProgress(
            $"{model.Source.Name}, {text.Name}, {way.ToString().ToLowerInvariant()}, {stream.Runner}",
            windows.Sum(window => window.Length - 1L),
            progress,
            TimeProvider.System);
        var losses = WindowReader.ReadAll(stream, text.Tokens, windows, meter.Add);
        report.Perplexity.Add(new PerplexityEntry(
            model.Source.Name, text.Name, way, stream.Runner, measure, losses.Sum(), meter.Elapsed.TotalSeconds, meter.Read));
        return losses;
    }
}
