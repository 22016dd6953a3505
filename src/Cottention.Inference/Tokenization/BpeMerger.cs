namespace Cottention.Inference.Tokenization;

/// <summary>
/// Merges byte pairs within one piece: the pair of the lowest rank first, the leftmost of equals, until none is left.
/// n log n in the length of the piece, where the library's own merging degrades on long ones. Thread-safe once filled.
/// </summary>
internal sealed class BpeMerger
{
    private const int None = -1;
    private const int NoRank = int.MaxValue;

    private readonly Dictionary<(int Left, int Right), (int Rank, int Result)> _merges = [];
    private readonly int[] _byteTokens;

    /// <summary>A merger without merges yet.</summary>
    /// <param name="byteTokens">[256]: the token of each byte.</param>
    public BpeMerger(int[] byteTokens) => _byteTokens = byteTokens;

    /// <summary>Adds the merge of the next rank; false where this pair has one already.</summary>
    public bool TryAdd(int left, int right, int result) => _merges.TryAdd((left, right), (_merges.Count, result));

    /// <summary>Appends the tokens of a piece, given as bytes.</summary>
    public void Encode(ReadOnlySpan<byte> piece, List<int> tokens)
    {
        var tokenAt = new int[piece.Length];
        var next = new int[piece.Length];
        var previous = new int[piece.Length];
        var rankAt = new int[piece.Length];
        for (var i = 0; i < piece.Length; i++)
            (tokenAt[i], next[i], previous[i]) = (_byteTokens[piece[i]], i + 1, i - 1);
        if (piece.Length > 0)
            next[^1] = None;

        var queue = new PriorityQueue<int, long>();
        for (var i = 0; i < piece.Length; i++)
            Offer(i);
        while (queue.TryDequeue(out var left, out var priority))
        {
            // An entry is stale once the pair at its place has changed.
            if (rankAt[left] != (int)(priority >> 32))
                continue;
            var right = next[left];
            tokenAt[left] = _merges[(tokenAt[left], tokenAt[right])].Result;
            (next[left], rankAt[right]) = (next[right], NoRank);
            if (next[left] != None)
                previous[next[left]] = left;
            Offer(left);
            if (previous[left] != None)
                Offer(previous[left]);
        }

        for (var i = piece.Length > 0 ? 0 : None; i != None; i = next[i])
            tokens.Add(tokenAt[i]);

        void Offer(int left)
        {
            var right = next[left];
            rankAt[left] = right != None && _merges.TryGetValue((tokenAt[left], tokenAt[right]), out var merge) ? merge.Rank : NoRank;
            if (rankAt[left] != NoRank)
                queue.Enqueue(left, ((long)rankAt[left] << 32) | (uint)left);
        }
    }
}
