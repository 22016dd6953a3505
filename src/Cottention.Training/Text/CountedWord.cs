namespace Cottention.Training.Text;

/// <summary>One distinct word while merges are learnt.</summary>
/// <param name="tokens">Its tokens now.</param>
/// <param name="count">How often it occurs.</param>
internal sealed class CountedWord(List<int> tokens, long count)
{
    public List<int> Tokens { get; } = tokens;

    public long Count { get; } = count;

    /// <summary>Replaces each left-right by <paramref name="merged"/>, from the left.</summary>
    public void Merge((int Left, int Right) pair, int merged)
    {
        var kept = 0;
        for (var i = 0; i < Tokens.Count; i++)
        {
            var found = i + 1 < Tokens.Count && Tokens[i] == pair.Left && Tokens[i + 1] == pair.Right;
            Tokens[kept++] = found ? merged : Tokens[i];
            if (found)
                i++;
        }
        Tokens.RemoveRange(kept, Tokens.Count - kept);
    }
}
