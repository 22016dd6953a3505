using System.Diagnostics;
using System.Text;
using System.Threading.Channels;
using Cottention.Inference.Sampling;

namespace Cottention.Inference.Engine;

/// <summary>A token on its way from the step thread to the caller. Its text waits in the queue's ring.</summary>
/// <param name="TokenId">The sampled token.</param>
/// <param name="Index">Number in the generation, from 0.</param>
/// <param name="Position">Position in the session.</param>
/// <param name="Logprob">ln p, NaN unless asked for.</param>
/// <param name="TopCount">Entries in the ring of most probable tokens.</param>
/// <param name="TextBytes">Bytes in the ring of text.</param>
internal readonly record struct TokenItem(int TokenId, int Index, long Position, float Logprob, int TopCount, int TextBytes);

/// <summary>
/// The bounded way from the step thread (one writer) to the caller (one reader). Everything is allocated at construction,
/// so that writing allocates nothing; strings are made on the reader's side.
/// </summary>
internal sealed class TokenEventQueue
{
    private readonly Channel<TokenItem> _items;
    private readonly byte[] _text;
    private readonly TokenLogprob[] _top;
    private readonly int _capacity;
    private readonly int _topPerItem;
    private long _textWritten;
    private long _textRead;
    private volatile bool _writerWaits;

    /// <param name="capacity">Most items that wait.</param>
    /// <param name="textBytes">Most bytes of text that wait.</param>
    /// <param name="topPerItem">Most probable tokens an item carries, 0 to 20.</param>
    public TokenEventQueue(int capacity, int textBytes, int topPerItem)
    {
        _capacity = capacity;
        _topPerItem = topPerItem;
        _items = Channel.CreateBounded<TokenItem>(new BoundedChannelOptions(capacity) { SingleReader = true, SingleWriter = true });
        // A channel grows as it fills; filled once, it grows no more.
        while (_items.Writer.TryWrite(default))
        {
        }
        while (_items.Reader.TryRead(out _))
        {
        }
        _text = new byte[textBytes];
        _top = new TokenLogprob[topPerItem * (capacity + 1)];
    }

    /// <summary>Called by the reader after it took an item that the writer may be waiting for.</summary>
    public Action? Drained { get; init; }

    /// <summary>Whether so many more items with so much text fit. If not, <see cref="Drained"/> will be called.</summary>
    public bool HasRoom(int items, int textBytes)
    {
        if (Fits(items, textBytes))
            return true;
        _writerWaits = true;
        Interlocked.MemoryBarrier();
        return Fits(items, textBytes);
    }

    /// <summary>Adds an item. The caller has asked <see cref="HasRoom"/>.</summary>
    public void Write(in TokenItem item, ReadOnlySpan<byte> text, ReadOnlySpan<TokenLogprob> top)
    {
        for (var done = 0; done < text.Length;)
        {
            var at = (int)(_textWritten % _text.Length);
            var part = Math.Min(text.Length - done, _text.Length - at);
            text.Slice(done, part).CopyTo(_text.AsSpan(at));
            _textWritten += part;
            done += part;
        }
        if (top.Length > 0)
            top.CopyTo(TopOf(item.Index));
        var written = _items.Writer.TryWrite(item with { TextBytes = text.Length, TopCount = top.Length });
        Debug.Assert(written, "the queue is full");
    }

    /// <summary>No more items will come.</summary>
    public void Complete() => _items.Writer.TryComplete();

    /// <summary>Waits for an item; false after the last one.</summary>
    public ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken) => _items.Reader.WaitToReadAsync(cancellationToken);

    /// <summary>Takes the next item as an event.</summary>
    public bool TryRead(out TokenEvent? token)
    {
        if (!_items.Reader.TryRead(out var item))
        {
            token = null;
            return false;
        }
        token = new TokenEvent
        {
            TokenId = item.TokenId,
            Index = item.Index,
            Position = item.Position,
            Text = ReadText(item.TextBytes),
            Logprob = float.IsNaN(item.Logprob) ? null : item.Logprob,
            TopLogprobs = item.TopCount == 0 ? [] : TopOf(item.Index)[..item.TopCount].ToArray(),
        };
        Interlocked.MemoryBarrier();
        if (_writerWaits)
        {
            _writerWaits = false;
            Drained?.Invoke();
        }
        return true;
    }

    private bool Fits(int items, int textBytes) =>
        _items.Reader.Count + items <= _capacity && _textWritten - Volatile.Read(ref _textRead) + textBytes <= _text.Length;

    // Items are in the order of their index, and at most `capacity` of them wait.
    private Span<TokenLogprob> TopOf(int index) => _top.AsSpan(index % (_capacity + 1) * _topPerItem, _topPerItem);

    private string ReadText(int count)
    {
        var at = (int)(_textRead % _text.Length);
        var text = at + count <= _text.Length
            ? Encoding.UTF8.GetString(_text, at, count)
            : Encoding.UTF8.GetString([.. _text.AsSpan(at), .. _text.AsSpan(0, count - (_text.Length - at))]);
        Volatile.Write(ref _textRead, _textRead + count);
        return text;
    }
}
