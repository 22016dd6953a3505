using Cottention.Inference.Sampling;

namespace Cottention.Inference.Engine;

/// <summary>
/// Tokens since the reserve state was taken: first those whose text has been released, then those that may still turn out
/// to lie inside a stop string. Fixed size.
/// </summary>
internal sealed class HeldTokens
{
    /// <summary>
    /// Most tokens held: a matcher holds at most 255 bytes, a token brings at least one byte or is one of at most three
    /// that wait for a code point to complete.
    /// </summary>
    public const int MaxHeld = 1024;

    private const int Capacity = 2 * MaxHeld;
    private const int CatchUpTokens = 32;

    private readonly int _topPerItem;
    private readonly TokenItem[] _items;
    private readonly int[] _tokens;
    private readonly long[] _start;
    private readonly int[] _length;
    private readonly int[] _topCount;
    private readonly TokenLogprob[] _top;
    private int _count;
    private int _released;

    /// <param name="needed">Whether there are stop strings; otherwise nothing is ever held and nothing allocated.</param>
    /// <param name="topPerItem">Most probable tokens an event carries.</param>
    public HeldTokens(bool needed, int topPerItem)
    {
        var capacity = needed ? Capacity : 0;
        _topPerItem = topPerItem;
        _items = new TokenItem[capacity];
        _tokens = new int[capacity];
        _start = new long[capacity];
        _length = new int[capacity];
        _topCount = new int[capacity];
        _top = new TokenLogprob[capacity * topPerItem];
    }

    /// <summary>Tokens whose text is not released.</summary>
    public int Held => _count - _released;

    /// <summary>Tokens whose text has been released, in order.</summary>
    public ReadOnlySpan<int> Released => _tokens.AsSpan(0, _released);

    /// <summary>Whether enough tokens have been released for the reserve to consume them: few, so that no step takes long.</summary>
    public bool IsCatchUpDue => _released >= CatchUpTokens;

    /// <summary>Adds a token with its place in the stream of decoded bytes.</summary>
    public void Add(in TokenItem item, ReadOnlySpan<TokenLogprob> top, long start, int length)
    {
        _items[_count] = item;
        _tokens[_count] = item.TokenId;
        _start[_count] = start;
        _length[_count] = length;
        _topCount[_count] = top.Length;
        top.CopyTo(_top.AsSpan(_count * _topPerItem));
        _count++;
    }

    /// <summary>How many held tokens are due when the stream is released up to <paramref name="end"/>: through the last that brought a released byte.</summary>
    public int CountDue(long end)
    {
        for (var i = _count - 1; i >= _released; i--)
            if (_length[i] > 0 && _start[i] < end)
                return i + 1 - _released;
        return 0;
    }

    /// <summary>The next token to release and the end of its bytes in the stream.</summary>
    public ref readonly TokenItem Release(out ReadOnlySpan<TokenLogprob> top, out long end)
    {
        var i = _released++;
        top = _top.AsSpan(i * _topPerItem, _topCount[i]);
        end = _start[i] + _length[i];
        return ref _items[i];
    }

    /// <summary>Forgets everything.</summary>
    public void Clear() => (_count, _released) = (0, 0);

    /// <summary>Forgets the released tokens but the newest <paramref name="keep"/>.</summary>
    public void ForgetReleased(int keep)
    {
        var drop = _released - keep;
        Array.Copy(_items, drop, _items, 0, _count - drop);
        Array.Copy(_tokens, drop, _tokens, 0, _count - drop);
        Array.Copy(_start, drop, _start, 0, _count - drop);
        Array.Copy(_length, drop, _length, 0, _count - drop);
        Array.Copy(_topCount, drop, _topCount, 0, _count - drop);
        Array.Copy(_top, drop * _topPerItem, _top, 0, (_count - drop) * _topPerItem);
        (_count, _released) = (_count - drop, keep);
    }
}
