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

    /// <summary>Guesses the tokens that follow; returns how many: all that were asked for, or 0 where the last tokens are new.</summary>
    public int Propose(Span<int> draft)
    {
        var distance = DistanceTo(_afterThree, LongMatch);
        if (distance == 0)
            distance = DistanceTo(_afterTwo, ShortMatch);
        if (distance == 0)
            return 0;
        // What goes on past the newest token repeats the guess itself.
        for (var i = 0; i < draft.Length; i++)
            draft[i] = _ring[(_head - distance + (i % distance)) & Mask];
        return draft.Length;
    }

    // How many tokens ago the last tokens were followed by something before; 0 for never.
    private int DistanceTo(ushort[] table, int match)
    {
        if (_count < match || table[Bucket(match)] is var entry && entry == 0)
            return 0;
        var place = entry - 1;
        var distance = (_head - place) & Mask;
        if (distance > _count - match)
            return 0;
        for (var age = 1; age <= match; age++)
            if (_ring[(place - age) & Mask] != _ring[(_head - age) & Mask])
                return 0;
        return distance;
    }

    private uint Bucket(int match)
    {
        var hash = 0u;
        for (var age = 1; age <= match; age++)
            hash = (hash + (uint)_ring[(_head - age) & Mask]) * Multiplier;
        return hash >> (32 - BucketBits);
    }
}
