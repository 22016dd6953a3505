using Cottention.Training.Data;

namespace Cottention.Training.Evaluation.Recall;

/// <summary>
/// Plants things in a text and asks for them at growing distances. A trial reads its text twice, with the value planted and with
/// another candidate in its place; at each distance the state is remembered, the query read, and the state brought back.
/// </summary>
/// <param name="stream">The model.</param>
/// <param name="tokens">The text that is the filler.</param>
/// <param name="distances">Tokens from the value to where it is asked for, ascending.</param>
internal sealed class RecallReader(ITokenStream stream, int[] tokens, IReadOnlyList<int> distances)
{
    /// <summary>Tokens of the text that are read before the plant.</summary>
    public const int Lead = 64;

    private readonly float[] _logits = new float[stream.VocabularySize];

    /// <summary>Tokens that one trial reads, from a thing to recall like its others.</summary>
    public static long TokensOf(RecallTrial trial, IReadOnlyList<int> distances) =>
        2 * (Lead + trial.Plant.Length + trial.Filler(distances[^1]) + (long)distances.Count * trial.Query.Length);

    /// <summary>Scores of one trial at each distance.</summary>
    /// <param name="trial">What is planted.</param>
    /// <param name="seed">Decides with the number where the filler starts.</param>
    /// <param name="number">Number of the trial.</param>
    /// <param name="read">Told after each call of the stream how many tokens it read.</param>
    /// <exception cref="InvalidDataException">A logit is not a finite number.</exception>
    public RecallScore[] Read(RecallTrial trial, ulong seed, int number, Action<int> read)
    {
        var at = Chance.Below(tokens.Length, seed, (ulong)number, (ulong)RecallDraw.Filler);
        var withOther = new double[distances.Count];
        var scores = new RecallScore[distances.Count];
        Ask(trial.OtherPlant, trial, at, (i, logits) => withOther[i] = RecallScore.LogProbabilityOf(logits, trial.Value), read);
        Ask(trial.Plant, trial, at, (i, logits) => scores[i] = RecallScore.Of(logits, trial, withOther[i]), read);
        return scores;
    }

    /// <summary>Reads the text from a place with a plant in it, and hands on the logits after the query at each distance.</summary>
    private void Ask(int[] plant, RecallTrial trial, int at, Action<int, float[]> answered, Action<int> read)
    {
        stream.Reset();
        at = ReadFiller(at, Lead, read);
        stream.Read(plant, []);
        read(plant.Length);
        var done = 0;
        for (var i = 0; i < distances.Count; i++)
        {
            at = ReadFiller(at, trial.Filler(distances[i]) - done, read);
            done = trial.Filler(distances[i]);
            stream.Mark();
            stream.Read(trial.Query, _logits);
            stream.Return();
            read(trial.Query.Length);
            answered(i, _logits);
        }
    }

    /// <summary>Reads some of the text, which goes on at its start behind its end; returns where it stands then.</summary>
    private int ReadFiller(int at, int count, Action<int> read)
    {
        while (count > 0)
        {
            var part = Math.Min(Math.Min(count, stream.MaxTokens), tokens.Length - at);
            stream.Read(tokens.AsSpan(at, part), []);
            read(part);
            (at, count) = ((at + part) % tokens.Length, count - part);
        }
        return at;
    }
}
