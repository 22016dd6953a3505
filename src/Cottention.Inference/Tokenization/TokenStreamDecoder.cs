using System.Buffers;
using System.Text;

namespace Cottention.Inference.Tokenization;

/// <summary>
/// Turns the bytes of tokens, as they come, into valid UTF-8: never half a code point, and U+FFFD for bytes that can
/// never complete. All chunks and the flush together equal the decode of all bytes at once, by the rule of
/// <see cref="Encoding.UTF8"/> and WHATWG: one U+FFFD for each maximal part of an ill-formed sequence.
/// Holds at most <see cref="MaxPendingBytes"/> bytes, allocates nothing after construction, used by one thread at a time.
/// </summary>
public sealed class TokenStreamDecoder
{
    /// <summary>Most bytes that may wait for the rest of their code point.</summary>
    public const int MaxPendingBytes = 3;

    // One more than may wait: a code point is completed here.
    private readonly byte[] _pending = new byte[MaxPendingBytes + 1];
    private int _pendingCount;

    private static ReadOnlySpan<byte> Replacement => [0xEF, 0xBF, 0xBD];

    /// <summary>Bytes that began a code point which is not complete yet, at most <see cref="MaxPendingBytes"/>.</summary>
    public ReadOnlySpan<byte> PendingBytes => _pending.AsSpan(0, _pendingCount);

    /// <summary>Most bytes that <see cref="Append"/> writes for a token of so many bytes: each may become one U+FFFD.</summary>
    public static int MaxOutput(int tokenBytes) => checked((tokenBytes + MaxPendingBytes) * Replacement.Length);

    /// <summary>Puts a decoder back where another one stood.</summary>
    /// <param name="pendingBytes">What <see cref="PendingBytes"/> was.</param>
    /// <exception cref="ArgumentException">These bytes cannot be the beginning of one code point.</exception>
    public void Restore(ReadOnlySpan<byte> pendingBytes)
    {
        if (!pendingBytes.IsEmpty
            && (Rune.DecodeFromUtf8(pendingBytes, out _, out var consumed) != OperationStatus.NeedMoreData || consumed != pendingBytes.Length))
            throw new ArgumentException($"{pendingBytes.Length} bytes that begin no code point; allowed: 0 to {MaxPendingBytes} that do.", nameof(pendingBytes));
        pendingBytes.CopyTo(_pending);
        _pendingCount = pendingBytes.Length;
    }

    /// <summary>Takes the bytes of a token and writes the text that is complete now; returns the bytes written.</summary>
    /// <param name="tokenBytes">Any bytes.</param>
    /// <param name="destination">At least <see cref="MaxOutput"/> long.</param>
    public int Append(ReadOnlySpan<byte> tokenBytes, Span<byte> destination)
    {
        var written = 0;
        while (_pendingCount > 0 && !tokenBytes.IsEmpty)
        {
            _pending[_pendingCount] = tokenBytes[0];
            var status = Rune.DecodeFromUtf8(_pending.AsSpan(0, _pendingCount + 1), out _, out var consumed);
            if (status == OperationStatus.InvalidData)
            {
                // The new byte does not continue the code point: what waited is ill-formed, the byte is looked at anew.
                written += Write(Replacement, destination[written..]);
                _pendingCount = 0;
                continue;
            }

            tokenBytes = tokenBytes[1..];
            _pendingCount++;
            if (status == OperationStatus.Done)
            {
                written += Write(_pending.AsSpan(0, consumed), destination[written..]);
                _pendingCount = 0;
            }
        }

        return written + AppendWhole(tokenBytes, destination[written..]);
    }

    /// <summary>Ends the text: bytes still waiting become U+FFFD. Returns the bytes written.</summary>
    /// <param name="destination">Room for three bytes.</param>
    public int Flush(Span<byte> destination)
    {
        if (_pendingCount == 0)
            return 0;
        _pendingCount = 0;
        return Write(Replacement, destination);
    }

    // With nothing pending.
    private int AppendWhole(ReadOnlySpan<byte> bytes, Span<byte> destination)
    {
        var written = 0;
        while (!bytes.IsEmpty)
        {
            var status = Rune.DecodeFromUtf8(bytes, out _, out var consumed);
            if (status == OperationStatus.NeedMoreData)
            {
                bytes.CopyTo(_pending);
                _pendingCount = bytes.Length;
                break;
            }

            written += Write(status == OperationStatus.Done ? bytes[..consumed] : Replacement, destination[written..]);
            bytes = bytes[consumed..];
        }

        return written;
    }

    private static int Write(ReadOnlySpan<byte> bytes, Span<byte> destination)
    {
        bytes.CopyTo(destination);
        return bytes.Length;
    }
}
