using Cottention.Training.Data;

namespace Cottention.Training.Evaluation.Recall;

/// <summary>
/// Plants two tokens, A and B, and asks with A. A, B and the other candidates are drawn anew for each trial from the rarer half of
/// the tokens that occur in the text.
/// </summary>
internal static class BigramTask
{
    /// <summary>The task on a text; null where it has too few different tokens.</summary>
    /// <param name="tokens">The text.</param>
    /// <param name="endOfText">Is never drawn.</param>
    public static RecallTask? Of(int[] tokens, int endOfText)
    {
        int[] byCount = [.. tokens.Where(token => token != endOfText).CountBy(token => token).OrderBy(pair => pair.Value).ThenBy(pair => pair.Key).Select(pair => pair.Key)];
        var rare = byCount[..((byCount.Length + 1) / 2)];
        var count = Math.Min(RecallTask.MostCandidates, rare.Length - 1);
        if (count < RecallTask.FewestCandidates)
            return null;
        return new RecallTask(RecallKind.Bigram, Trial, count);

        RecallTrial Trial(ulong seed, int number)
        {
            var drawn = Draw(rare, count + 1, seed, number);
            var (key, candidates) = (drawn[0], drawn[1..]);
            var (right, other) = RecallTrial.DrawValues(count, seed, number);
            return new RecallTrial([key, candidates[right]], 0, [key], candidates, right, other);
        }
    }

    /// <summary>Some different tokens in an order by chance (the first steps of a Fisher-Yates shuffle).</summary>
    private static int[] Draw(int[] tokens, int count, ulong seed, int number)
    {
        var left = tokens.ToArray();
        for (var i = 0; i < count; i++)
        {
            var other = i + Chance.Below(left.Length - i, seed, (ulong)number, (ulong)RecallDraw.Token + (ulong)i);
            (left[i], left[other]) = (left[other], left[i]);
        }
        return left[..count];
    }
}
