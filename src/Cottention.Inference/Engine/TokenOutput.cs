using System.Text;
using Cottention.Inference.Sampling;
using Cottention.Inference.Tokenization;

namespace Cottention.Inference.Engine;

/// <summary>
/// From sampled tokens to events: decodes bytes, keeps back what may become a stop string, and writes to the queue.
/// A token's event leaves with the first byte of its text, or is never written if its text lies wholly inside the stop string.
/// </summary>
internal sealed class TokenOutput
{
    private readonly TextTokenizer _tokenizer;
    private readonly TokenStreamDecoder _decoder;
    private readonly StopMatcher? _matcher;
    private readonly TokenEventQueue _queue;
    private readonly byte[] _decoded;
    private readonly byte[] _emitted;

    // Released bytes that no event carries yet: the rest of a token whose event has left already.
    private readonly byte[] _loose;
    private int _looseCount;
    private long _decodedBytes;
    private long _releasedBytes;

    public TokenOutput(TextTokenizer tokenizer, TokenStreamDecoder decoder, StopMatcher? matcher, TokenEventQueue queue, int topPerItem)
    {
        _tokenizer = tokenizer;
        _decoder = decoder;
        _matcher = matcher;
        _queue = queue;
        _decoded = new byte[DecodedBytes(tokenizer)];
        _emitted = new byte[StopMatcher.MaxStopBytes + _decoded.Length];
        _loose = new byte[2 * _emitted.Length];
        Tokens = new HeldTokens(needed: matcher is not null, topPerItem);
    }

    /// <summary>Tokens that are kept back, and those before them since the reserve state was taken.</summary>
    public HeldTokens Tokens { get; }

    /// <summary>Whether whatever one more token releases fits the queue.</summary>
    public bool HasRoom => _queue.HasRoom(Tokens.Held + 2, _loose.Length);

    /// <summary>Bytes of text the queue should hold.</summary>
    public static int QueueTextBytes(TextTokenizer tokenizer, int capacity) =>
        4 * (StopMatcher.MaxStopBytes + DecodedBytes(tokenizer)) + 8 * capacity;

    /// <summary>Takes a sampled token; true if a stop string is complete.</summary>
    public bool Push(in TokenItem item, ReadOnlySpan<TokenLogprob> top, bool matchStops)
    {
        var bytes = _tokenizer.BytesOf(item.TokenId);
        var text = _decoded.AsSpan(0, _decoder.Append(bytes, _decoded));
        if (_matcher is null || !matchStops || bytes.IsEmpty)
        {
            // A control token has no text: a stop string does not reach across it.
            ReleaseAll();
            WriteEvent(item, top, text);
            return false;
        }
        Tokens.Add(item, top, _decodedBytes, text.Length);
        _decodedBytes += text.Length;
        var matched = _matcher.Append(text, _emitted, out var emitted);
        Release(_emitted.AsSpan(0, emitted));
        return matched;
    }

    /// <summary>Releases what is kept back: the generation ends without a stop string.</summary>
    public void ReleaseAll()
    {
        if (_matcher is null)
            return;
        Release(_emitted.AsSpan(0, _matcher.Flush(_emitted)));
        // Tokens that only brought the start of a code point are still held.
        while (Tokens.Held > 0)
        {
            ref readonly var item = ref Tokens.Release(out var top, out _);
            WriteEvent(item, top, []);
        }
    }

    /// <summary>The text that no token event carries; for a one-off the end of an unfinished code point too.</summary>
    public string Finish(bool endsText)
    {
        var rest = endsText ? _decoder.Flush(_decoded) : 0;
        return Encoding.UTF8.GetString([.. _loose.AsSpan(0, _looseCount), .. _decoded.AsSpan(0, rest)]);
    }

    private static int DecodedBytes(TextTokenizer tokenizer) => TokenStreamDecoder.MaxOutput(tokenizer.MaxTokenBytes);

    private void Release(ReadOnlySpan<byte> text)
    {
        text.CopyTo(_loose.AsSpan(_looseCount));
        _looseCount += text.Length;
        var at = _releasedBytes + text.Length - _looseCount;
        _releasedBytes += text.Length;
        var taken = 0;
        for (var due = Tokens.CountDue(_releasedBytes); due > 0; due--)
        {
            ref readonly var item = ref Tokens.Release(out var top, out var end);
            var until = (int)(Math.Min(end, _releasedBytes) - at);
            _queue.Write(item, _loose.AsSpan(taken, until - taken), top);
            taken = until;
        }
        _loose.AsSpan(taken, _looseCount - taken).CopyTo(_loose);
        _looseCount -= taken;
    }

    private void WriteEvent(in TokenItem item, ReadOnlySpan<TokenLogprob> top, ReadOnlySpan<byte> text)
    {
        if (_looseCount == 0)
        {
            _queue.Write(item, text, top);
            return;
        }
        text.CopyTo(_loose.AsSpan(_looseCount));
        _queue.Write(item, _loose.AsSpan(0, _looseCount + text.Length), top);
        _looseCount = 0;
    }
}
