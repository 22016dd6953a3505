using Cottention.Training.Display;

namespace Cottention.Training.Evaluation.Recall;

/// <summary>Measures recall by distance: of a planted sentence, and of a planted pair of rare tokens.</summary>
/// <param name="settings">What was asked for.</param>
/// <param name="report">Takes the results.</param>
/// <param name="progress">Takes lines about the progress.</param>
internal sealed class RecallMeasurement(EvaluationSettings settings, EvaluationReport report, TextWriter progress)
{
    private const int Nearest = 16;

    /// <summary>Measures one model with one text as the filler.</summary>
    public void Run(EvaluatedModel model, EvaluatedText text)
    {
        Run(model, text, RecallKind.Sentence, SentenceTask.Of(model.Tokenizer), "its vocabulary has too few of the words as one token");
        Run(model, text, RecallKind.Bigram, BigramTask.Of(text.Tokens, model.Tokenizer.EndOfText), "the text has too few different tokens");
    }

    private void Run(EvaluatedModel model, EvaluatedText text, RecallKind kind, RecallTask? task, string whyNot)
    {
        var what = $"recall of a {kind.ToString().ToLowerInvariant()}";
        if (task is null)
        {
            progress.WriteLine($"{model.Source.Name}, {text.Name}: no {what}: {whyNot}.");
            return;
        }
        var trials = Enumerable.Range(0, settings.Trials).Select(number => task.Trial(settings.Seed, number)).ToArray();
        var distances = Distances(trials, text.Tokens.Length);
        if (distances.Length == 0)
        {
            progress.WriteLine($"{model.Source.Name}, {text.Name}: no {what}: the text has {text.Tokens.Length} tokens, too few for any distance.");
            return;
        }
        if (settings.LimitTokens is { } limit)
            trials = trials[..(int)Math.Clamp(limit / RecallReader.TokensOf(trials[0], distances), 1, trials.Length)];
        var gains = model.Streams.Select(stream => Measure(model, text, task, stream, trials, distances)).ToArray();
        if (gains is [var cpu, var torch])
            report.Agreement.Add(AgreementEntry.Of(model.Source.Name, text.Name, what, cpu, torch));
    }

    /// <summary>16, 32, 64 and so on: from where every query fits in, to where the text would have to be read twice.</summary>
    private int[] Distances(RecallTrial[] trials, int tokens)
    {
        var (nearest, farthest) = (trials.Max(trial => -trial.Filler(0)), Math.Min(settings.Farthest, tokens - RecallReader.Lead));
        var distances = new List<int>();
        for (long distance = Nearest; distance <= farthest; distance *= 2)
            if (distance >= nearest)
                distances.Add((int)distance);
        return [.. distances];
    }

    private double[] Measure(EvaluatedModel model, EvaluatedText text, RecallTask task, ITokenStream stream, RecallTrial[] trials, int[] distances)
    {
        var meter = new EvaluationProgress(
            $"{model.Source.Name}, {text.Name}, recall of a {task.Kind.ToString().ToLowerInvariant()}, {stream.Runner}",
            trials.Sum(trial => RecallReader.TokensOf(trial, distances)),
            progress,
            TimeProvider.System);
        var reader = new RecallReader(stream, text.Tokens, distances);
        var scores = trials.Select((trial, number) => reader.Read(trial, settings.Seed, number, meter.Add)).ToArray();
        var points = distances.Select((distance, i) => RecallPoint.Of(distance, [.. scores.Select(trial => trial[i])]));
        report.Recall.Add(new RecallEntry(
            model.Source.Name, text.Name, task.Kind, stream.Runner, trials.Length, task.CandidateCount, meter.Elapsed.TotalSeconds, meter.Read, [.. points]));
        return [.. scores.SelectMany(trial => trial).Select(score => score.LogProbability)];
    }
}
