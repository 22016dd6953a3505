namespace Cottention.Training.Evaluation;

/// <summary>Reads windows through a stream and tells the loss of each token that counts.</summary>
internal sealed class WindowReader(ITokenStream stream)
{
    private readonly float[] _logits = new float[stream.MaxTokens * stream.VocabularySize];

    /// <summary>Losses of the tokens that count of all windows, window after window.</summary>
    /// <inheritdoc cref="Read"/>
    public static double[] ReadAll(ITokenStream stream, ReadOnlySpan<int> tokens, IReadOnlyCollection<Window> windows, Action<int> read)
    {
        var reader = new WindowReader(stream);
        var losses = new double[windows.Sum(window => window.Counted)];
        var next = 0;
        foreach (var window in windows)
        {
            reader.Read(tokens, window, losses.AsSpan(next, window.Counted), read);
            next += window.Counted;
        }
        return losses;
    }

    /// <summary>Losses of a window's tokens that count.</summary>
    /// <param name="tokens">All tokens of the text.</param>
    /// <param name="window">Which of them to read.</param>
    /// <param name="losses">[window.Counted]: takes the losses in nats.</param>
    /// <param name="read">Told after each call of the stream how many tokens it read.</param>
    /// <exception cref="InvalidDataException">A loss is not a finite number.</exception>
    public void Read(ReadOnlySpan<int> tokens, Window window, Span<double> losses, Action<int> read)
    {
        stream.Reset();
        var (end, next) = (window.End - 1, 0);
        for (var start = window.Start; start < end;)
        {
            var count = Math.Min(stream.MaxTokens, end - start);
            // The token before the first that counts foretells it.
            var wanted = Math.Clamp(start + count - (window.FirstCounted - 1), 0, count);
            var logits = _logits.AsSpan(0, wanted * stream.VocabularySize);
            stream.Read(tokens.Slice(start, count), logits);
            start += count;
            for (var i = 0; i < wanted; i++, next++)
                losses[next] = Loss(logits.Slice(i * stream.VocabularySize, stream.VocabularySize), tokens[window.FirstCounted + next], window.FirstCounted + next);
            read(count);
        }
    }

    private double Loss(ReadOnlySpan<float> logits, int token, int index)
    {
        var loss = LogProbability.Normalizer(logits) - logits[token];
        return double.IsFinite(loss)
            ? loss
            : throw new InvalidDataException($"{stream.Runner}: the loss of token {index} of the text is {loss}, not a finite number.");
    }
}
