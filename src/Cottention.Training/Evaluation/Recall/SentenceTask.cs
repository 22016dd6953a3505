using Cottention.Training.Data;
using Cottention.Training.Text;

namespace Cottention.Training.Evaluation.Recall;

/// <summary>
/// Plants <c>The secret word of NAME is WORD.</c> on a line of its own and asks with the same line up to WORD. The words are common
/// nouns that are one token each.
/// </summary>
internal static class SentenceTask
{
    private static readonly string[] Names = ["Tom", "Anna", "Ben", "Lucy", "Sam", "Mary", "Max", "Lily"];

    private static readonly string[] Words =
    [
        "ball", "bear", "bed", "bird", "boat", "book", "box", "cake", "car", "cat", "chair", "cloud", "coat", "cow", "cup", "dog",
        "door", "duck", "egg", "farm", "fire", "fish", "flower", "fox", "garden", "gold", "grass", "hat", "hill", "horse", "house",
        "ice", "key", "king", "lake", "lamp", "leaf", "letter", "lion", "milk", "moon", "mouse", "music", "paper", "queen", "rabbit",
        "rain", "ring", "river", "road", "rock", "rose", "school", "sea", "ship", "snow", "star", "stone", "sugar", "sun", "table",
        "tower", "tree", "wall", "water", "wind", "window", "winter", "wolf", "wood",
    ];

    /// <summary>The task in a model's tokens; null where its vocabulary has too few of the words as one token.</summary>
    public static RecallTask? Of(CorpusTokenizer tokenizer)
    {
        int[] candidates = [.. Words.Select(word => Encode(tokenizer, " " + word)).Where(tokens => tokens.Length == 1).Select(tokens => tokens[0]).Take(RecallTask.MostCandidates)];
        if (candidates.Length < RecallTask.FewestCandidates)
            return null;
        int[][] queries = [.. Names.Select(name => Encode(tokenizer, $"\nThe secret word of {name} is"))];
        var end = Encode(tokenizer, ".\n");
        return new RecallTask(RecallKind.Sentence, Trial, candidates.Length);

        RecallTrial Trial(ulong seed, int number)
        {
            var query = queries[Chance.Below(queries.Length, seed, (ulong)number, (ulong)RecallDraw.Name)];
            var (right, other) = RecallTrial.DrawValues(candidates.Length, seed, number);
            return new RecallTrial([.. query, candidates[right], .. end], end.Length, query, candidates, right, other);
        }
    }

    private static int[] Encode(CorpusTokenizer tokenizer, string text)
    {
        var tokens = new List<ushort>();
        tokenizer.Encode(text, tokens);
        return [.. tokens];
    }
}
