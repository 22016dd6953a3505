using Cottention.Training.Display;

namespace Cottention.Training.Evaluation;

/// <summary>
/// Measures how well a model foretells a text by the number of tokens before, the state carried on all the way. The text is read
/// from several places, evenly spread, each time from position 0; behind its end it goes on at its start. No stream is longer
/// than the text, so none reads anything twice.
/// </summary>
/// <param name="settings">What was asked for.</param>
/// <param name="report">Takes the results.</param>
/// <param name="progress">Takes lines about the progress.</param>
internal sealed class PositionMeasurement(EvaluationSettings settings, EvaluationReport report, TextWriter progress)
{
    private const string What = "by position";

    /// <summary>Measures one model on one text.</summary>
    public void Run(EvaluatedModel model, EvaluatedText text)
    {
        var windows = Streams(text).ToArray();
        int[] twice = [.. text.Tokens, .. text.Tokens];
        var losses = model.Streams.Select(stream => Measure(model, text, stream, twice, windows)).ToArray();
        if (losses is [var cpu, var torch])
            report.Agreement.Add(AgreementEntry.Of(model.Source.Name, text.Name, What, cpu, torch));
    }

    /// <summary>The streams as windows of the text twice over.</summary>
    private IEnumerable<Window> Streams(EvaluatedText text)
    {
        var limit = settings.LimitTokens ?? long.MaxValue;
        var longest = (int)Math.Min(Math.Min(settings.Positions, text.Tokens.Length - 1), limit);
        var streams = (int)Math.Min(Math.Min(settings.Streams, limit / longest), text.Tokens.Length);
        for (var i = 0; i < streams; i++)
        {
            // From the start of a document where there are enough of them.
            var start = text.Set.Count >= streams
                ? text.Set.Starts[(long)i * text.Set.Count / streams]
                : (int)((long)i * text.Tokens.Length / streams);
            yield return Window.Whole(start, longest + 1);
        }
    }

    private double[] Measure(EvaluatedModel model, EvaluatedText text, ITokenStream stream, int[] twice, Window[] windows)
    {
        var longest = windows[0].Counted;
        var meter = new EvaluationProgress(
            $"{model.Source.Name}, {text.Name}, {What}, {stream.Runner}", (long)windows.Length * longest, progress, TimeProvider.System);
        var all = WindowReader.ReadAll(stream, twice, windows, meter.Add);
        var byStream = all.Chunk(longest).ToArray();
        var buckets = PositionBucket.Bounds(longest).Select(bounds => PositionBucket.Of(
            bounds.First, bounds.Last, byStream, windows.Sum(window => Bytes(model, twice, window, bounds))));
        report.ByPosition.Add(new PositionEntry(
            model.Source.Name, text.Name, stream.Runner, windows.Length, all.Sum(), meter.Elapsed.TotalSeconds, meter.Read, [.. buckets]));
        return all;
    }

    private static long Bytes(EvaluatedModel model, int[] twice, Window window, (int First, int Last) bounds)
    {
        var bytes = 0L;
        for (var position = bounds.First; position <= bounds.Last; position++)
            bytes += model.Tokenizer.ByteCount(twice[window.Start + position]);
        return bytes;
    }
}
