namespace Cottention.Inference.Sampling;

/// <summary>
/// The last <see cref="Capacity"/> tokens of a session, for the penalties. Fixed size; allocates nothing after construction.
/// Used by one thread at a time.
/// </summary>
public sealed class TokenWindow
{
    /// <summary>Most tokens held.</summary>
    public const int Capacity = 256;

    private readonly int[] _ring = new int[Capacity];

    // Index of the oldest token.
    private int _start;

    /// <summary>Tokens held, 0 to <see cref="Capacity"/>.</summary>
    public int Count { get; private set; }

    /// <summary>The token that was added <paramref name="age"/> tokens before the newest one; 0 is the newest.</summary>
    public int this[int age]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)age, (uint)Count, nameof(age));
            return _ring[(_start + Count - 1 - age) % Capacity];
        }
    }

    /// <summary>Adds a token; a full window forgets its oldest one.</summary>
    public void Add(int token)
    {
        _ring[(_start + Count) % Capacity] = token;
        if (Count < Capacity)
            Count++;
        else
            _start = (_start + 1) % Capacity;
    }

    /// <summary>Adds tokens in order.</summary>
    public void Add(ReadOnlySpan<int> tokens)
    {
        if (tokens.Length > Capacity)
            tokens = tokens[^Capacity..];
        foreach (var token in tokens)
            Add(token);
    }

    /// <summary>Forgets every token.</summary>
    public void Clear() => (_start, Count) = (0, 0);

    /// <summary>Copies the tokens, oldest first; returns how many.</summary>
    /// <param name="destination">At least <see cref="Count"/> long.</param>
    public int CopyTo(Span<int> destination)
    {
        var head = Math.Min(Count, Capacity - _start);
        _ring.AsSpan(_start, head).CopyTo(destination);
        _ring.AsSpan(0, Count - head).CopyTo(destination[head..]);
        return Count;
    }

    /// <summary>Replaces the content by tokens, oldest first; of more than <see cref="Capacity"/> the last ones stay.</summary>
    public void Restore(ReadOnlySpan<int> tokens)
    {
        Clear();
        Add(tokens);
    }
}
