namespace Cottention.Training.Evaluation;

/// <summary>How well a model foretells a text, one way, through one runner.</summary>
/// <param name="Model">The model's name.</param>
/// <param name="Text">The text's name.</param>
/// <param name="Way">How much a token is foretold from.</param>
/// <param name="Runner">What computed it.</param>
/// <param name="Measure">What is foretold.</param>
/// <param name="TotalNats">Sum of the losses.</param>
/// <param name="Seconds">Time it took.</param>
/// <param name="TokensRead">Tokens that the model read for it.</param>
internal sealed record PerplexityEntry(
    string Model, string Text, PerplexityWay Way, string Runner, TextMeasure Measure, double TotalNats, double Seconds, long TokensRead)
{
    /// <summary>Mean loss of a token.</summary>
    public double Nats => TotalNats / Measure.Tokens;

    /// <summary>e to the mean loss of a token.</summary>
    public double Perplexity => Math.Exp(Nats);

    /// <summary>The losses in bits over the bytes; null where no token stands for a byte.</summary>
    public double? BitsPerByte => Measure.Bytes > 0 ? TotalNats / Math.Log(2) / Measure.Bytes : null;

    /// <summary>e to the losses over the words; null without words, and where it is beyond the numbers.</summary>
    public double? WordPerplexity =>
        Measure.Words > 0 && Math.Exp(TotalNats / Measure.Words) is var perplexity && double.IsFinite(perplexity) ? perplexity : null;

    /// <summary>Speed of reading.</summary>
    public double TokensPerSecond => TokensRead / Seconds;
}
