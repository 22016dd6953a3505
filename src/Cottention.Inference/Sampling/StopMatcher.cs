using System.Globalization;
using System.Text;

namespace Cottention.Inference.Sampling;

/// <summary>
/// Looks for stop strings in streamed text and holds back what may still become one. Made once per generation, then
/// allocates nothing. Of several matches the one that ends first counts, and of those the one that starts first.
/// Works on UTF-8; what it emits ends between code points if what it is given does.
/// One Knuth-Morris-Pratt automaton for each string, side by side.
/// </summary>
public sealed class StopMatcher
{
    /// <summary>Most stop strings.</summary>
    public const int MaxStops = 16;

    /// <summary>Longest stop string, in bytes of UTF-8.</summary>
    public const int MaxStopBytes = 256;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly byte[][] _stops;

    // [stop][n]: length of the longest proper prefix of the stop string that ends its first n bytes.
    private readonly short[][] _borders;

    // [stop]: how many bytes of the stop string the text ends with.
    private readonly short[] _matched;

    private readonly byte[] _held = new byte[MaxStopBytes];
    private int _heldCount;

    /// <summary>A matcher for checked strings, see <see cref="Validate"/>.</summary>
    public StopMatcher(IReadOnlyList<string> stops)
    {
        ArgumentNullException.ThrowIfNull(stops);
        _stops = [.. stops.Select(StrictUtf8.GetBytes)];
        if (_stops.Length > MaxStops || _stops.Any(stop => stop.Length is 0 or > MaxStopBytes))
            throw new ArgumentException($"At most {MaxStops} strings of 1 to {MaxStopBytes} bytes.", nameof(stops));
        _borders = [.. _stops.Select(Borders)];
        _matched = new short[_stops.Length];
    }

    /// <summary>Text that may still be part of a stop string, fewer bytes than the longest one.</summary>
    public ReadOnlySpan<byte> HeldBytes => _held.AsSpan(0, _heldCount);

    /// <summary>Which string matched; -1 before a match.</summary>
    public int MatchedStop { get; private set; } = -1;

    /// <summary>Bytes given to the <see cref="Append"/> that matched which lie behind the stop string; they are dropped.</summary>
    public int BytesAfterMatch { get; private set; }

    /// <summary>Adds a violation for each fault: too many strings, or one that is empty, too long or not valid Unicode.</summary>
    public static void Validate(IReadOnlyList<string> stops, ICollection<FieldViolation> violations)
    {
        ArgumentNullException.ThrowIfNull(stops);
        ArgumentNullException.ThrowIfNull(violations);
        if (stops.Count > MaxStops)
        {
            violations.Add(new FieldViolation("stop", Line($"has {stops.Count} entries; allowed: 0 to {MaxStops}")));
            return;
        }

        for (var i = 0; i < stops.Count; i++)
        {
            var field = Line($"stop[{i}]");
            if (!IsWellFormed(stops[i]))
                violations.Add(new FieldViolation(field, "holds half a surrogate pair; allowed: valid Unicode"));
            else if (Encoding.UTF8.GetByteCount(stops[i]) is var bytes and (0 or > MaxStopBytes))
                violations.Add(new FieldViolation(field, Line($"has {bytes} bytes of UTF-8; allowed: 1 to {MaxStopBytes}")));
        }
    }

    /// <summary>
    /// Takes further text. False: no match yet, and <paramref name="emit"/> got what can no longer be part of one.
    /// True: a stop string is complete, and <paramref name="emit"/> got the text before it; nothing may follow.
    /// </summary>
    /// <param name="text">UTF-8.</param>
    /// <param name="emit">Room for <see cref="HeldBytes"/> and <paramref name="text"/> together.</param>
    /// <param name="emitted">Bytes written to <paramref name="emit"/>.</param>
    public bool Append(ReadOnlySpan<byte> text, Span<byte> emit, out int emitted)
    {
        if (MatchedStop >= 0)
            throw new InvalidOperationException("A stop string has matched already.");

        for (var i = 0; i < text.Length; i++)
        {
            var stop = Advance(text[i]);
            if (stop >= 0)
            {
                MatchedStop = stop;
                BytesAfterMatch = text.Length - i - 1;
                emitted = _heldCount + i + 1 - _stops[stop].Length;
                Split(text[..(i + 1)], emit, emitted);
                _heldCount = 0;
                return true;
            }
        }

        var hold = 0;
        foreach (var matched in _matched)
            hold = Math.Max(hold, matched);
        emitted = _heldCount + text.Length - hold;
        Split(text, emit, emitted);
        return false;
    }

    /// <summary>Ends the text without a match: releases what was held. Returns the bytes written.</summary>
    /// <param name="emit">Room for <see cref="HeldBytes"/>.</param>
    public int Flush(Span<byte> emit)
    {
        var count = _heldCount;
        HeldBytes.CopyTo(emit);
        Array.Clear(_matched);
        _heldCount = 0;
        return count;
    }

    // Moves each automaton on; the index of the longest string that is complete now, or -1.
    private int Advance(byte next)
    {
        var found = -1;
        for (var s = 0; s < _stops.Length; s++)
        {
            var stop = _stops[s];
            int matched = _matched[s];
            while (matched > 0 && stop[matched] != next)
                matched = _borders[s][matched];
            if (stop[matched] == next)
                matched++;
            _matched[s] = (short)matched;
            if (matched == stop.Length && (found < 0 || stop.Length > _stops[found].Length))
                found = s;
        }

        return found;
    }

    // The first `count` bytes of held + text go out, the rest is held.
    private void Split(ReadOnlySpan<byte> text, Span<byte> emit, int count)
    {
        var fromHeld = Math.Min(count, _heldCount);
        _held.AsSpan(0, fromHeld).CopyTo(emit);
        text[..(count - fromHeld)].CopyTo(emit[fromHeld..]);
        _held.AsSpan(fromHeld, _heldCount - fromHeld).CopyTo(_held);
        _heldCount -= fromHeld;
        var rest = text[(count - fromHeld)..];
        rest.CopyTo(_held.AsSpan(_heldCount));
        _heldCount += rest.Length;
    }

    private static short[] Borders(byte[] stop)
    {
        var borders = new short[stop.Length + 1];
        for (var (n, border) = (1, 0); n < stop.Length; n++)
        {
            while (border > 0 && stop[n] != stop[border])
                border = borders[border];
            if (stop[n] == stop[border])
                border++;
            borders[n + 1] = (short)border;
        }

        return borders;
    }

    // Half a surrogate pair does not come back from UTF-8.
    private static bool IsWellFormed(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)) == text;

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
