namespace Cottention.Training.Evaluation;

/// <summary>How well a model foretells a text the more of it has gone before.</summary>
/// <param name="Model">The model's name.</param>
/// <param name="Text">The text's name.</param>
/// <param name="Runner">What computed it.</param>
/// <param name="Streams">Places of the text from which it was read, each from position 0 and a zero state.</param>
/// <param name="TotalNats">Sum of all losses.</param>
/// <param name="Seconds">Time it took.</param>
/// <param name="TokensRead">Tokens that the model read for it.</param>
/// <param name="Buckets">By the number of tokens read before.</param>
internal sealed record PositionEntry(
    string Model, string Text, string Runner, int Streams, double TotalNats, double Seconds, long TokensRead, IReadOnlyList<PositionBucket> Buckets)
{
    /// <summary>What tables and charts call it among others.</summary>
    /// <param name="withRunner">Whether the runner tells it apart.</param>
    public string Label(bool withRunner) => withRunner ? $"{Model} ({Runner})" : Model;
}
