namespace Cottention.Inference.Engine;

/// <summary>
/// Guesses how a session goes on, from how it went on after the same two or three tokens before: a ring of the newest tokens
/// and two hash tables from the last tokens to the place after them. Fixed size (32 KiB), constant time a token; nothing is
/// allocated after construction. No text depends on it: it is not part of a snapshot, and tokens taken back may stay in it.
/// </summary>
internal sealed class DraftTable
{
    /// <summary>Newest tokens that a guess can come from; a power of two that fits the tables' entries.</summary>
    public const int RingTokens = 4096;

    /// <summary>Longest match that is told from a longer one.</summary>
    public const int LongestMatch = 8;

    private const int Mask = RingTokens - 1;
    private const int BucketBits = 12;
    private const int LongMatch = 3;
    private const int ShortMatch = 2;

    // Odd, without pattern: multiplicative hashing.
    private const uint Multiplier = 2654435769;

    private readonly int[] _ring = new int[RingTokens];

    // Place in the ring plus 1 by the hash of the tokens before it; 0 is none. A place may be stale or another hash's:
    // the ring is looked at before it is believed.
    private readonly ushort[] _afterThree = new ushort[1 << BucketBits];
    private readonly ushort[] _afterTwo = new ushort[1 << BucketBits];

    // Where the next token goes, and how many the ring holds.
    private int _head;
    private int _count;

    /// <summary>Takes the next token of the session.</summary>
    public void Add(int token)
    {
        if (_count >= LongMatch)
            _afterThree[Bucket(LongMatch)] = (ushort)(_head + 1);
        if (_count >= ShortMatch)
            _afterTwo[Bucket(ShortMatch)] = (ushort)(_head + 1);
        _ring[_head] = token;
        _head = (_head + 1) & Mask;
        if (_count < RingTokens)
            _count++;
    }

    /// <summary>Takes the next tokens of the session, in order; of more than <see cref="RingTokens"/> the last ones.</summary>
    public void Add(ReadOnlySpan<int> tokens)
    {
        if (tokens.Length > RingTokens)
            tokens = tokens[^RingTokens..];
        foreach (var token in tokens)
            Add(token);
    }

    /// <summary>Finds the last tokens of the session earlier in it; returns how many of them are the same there, 0 or 2 to <see cref="LongestMatch"/>.</summary>
    /// <param name="distance">How many tokens ago: where <see cref="Copy"/> takes from.</param>
    public int Find(out int distance)
    {
        var match = MatchAt(distance = DistanceTo(_afterThree, LongMatch));
        return match >= LongMatch ? match : MatchAt(distance = DistanceTo(_afterTwo, ShortMatch));
    }

    /// <summary>Guesses the tokens that follow from those that followed some tokens ago.</summary>
    public void Copy(int distance, Span<int> draft)
    {
        // What goes on past the newest token repeats the guess itself.
        for (var i = 0; i < draft.Length; i++)
            draft[i] = _ring[(_head - distance + (i % distance)) & Mask];
    }

    // How many tokens ago the table says that the last tokens were followed by something; 0 for never.
    private int DistanceTo(ushort[] table, int match)
    {
        if (_count < match || table[Bucket(match)] is var entry && entry == 0)
            return 0;
        var distance = (_head - (entry - 1)) & Mask;
        return distance <= _count - match ? distance : 0;
    }

    // How many of the last tokens are the same so many tokens ago; 0 where too few are for a guess.
    private int MatchAt(int distance)
    {
        if (distance == 0)
            return 0;
        var most = Math.Min(LongestMatch, _count - distance);
        var match = 0;
        while (match < most && _ring[(_head - distance - 1 - match) & Mask] == _ring[(_head - 1 - match) & Mask])
            match++;
        return match >= ShortMatch ? match : 0;
    }

    private uint Bucket(int match)
    {
        var hash = 0u;
        for (var age = 1; age <= match; age++)
            hash = (hash + (uint)_ring[(_head - age) & Mask]) * Multiplier;
        return hash >> (32 - BucketBits);
    }
}
