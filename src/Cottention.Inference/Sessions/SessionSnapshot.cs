using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text;
using Cottention.Inference.Model;

namespace Cottention.Inference.Sessions;

/// <summary>
/// The bytes that stores hold, little-endian: a header of <see cref="HeaderBytes"/> with a checksum of its own, the state
/// <c>[L, H, V, K] f32</c> unless the position is 0, the logits <c>[N] f32</c> if any, and a checksum over all of it.
/// Sessions/README.md has the table of offsets.
/// </summary>
public static class SessionSnapshot
{
    /// <summary>Version of this format.</summary>
    public const int FormatVersion = 1;

    /// <summary>Bytes before the state.</summary>
    public const int HeaderBytes = 2048;

    /// <summary>Bytes of the checksum at the end (XXH128).</summary>
    public const int ChecksumBytes = 16;

    /// <summary>Most tokens of the window.</summary>
    public const int MaxWindow = 256;

    private const int MaxUndecoded = 3;
    private const int HeaderChecksumOffset = HeaderBytes - 8;
    private const int IdOffset = 160;
    private const int WindowOffset = IdOffset + 2 * 128;
    private static ReadOnlySpan<byte> Magic => "CTTNSNAP"u8;

    /// <summary>The state inside a snapshot: [L, H, V, K] f32; empty at position 0.</summary>
    public static Span<float> StateOf(Span<byte> snapshot, SnapshotHeader header) =>
        MemoryMarshal.Cast<byte, float>(snapshot.Slice(HeaderBytes, checked((int)header.StateBytes)));

    /// <summary>The logits inside a snapshot: [N] f32; empty if it holds a pending token instead.</summary>
    public static Span<float> LogitsOf(Span<byte> snapshot, SnapshotHeader header) =>
        MemoryMarshal.Cast<byte, float>(snapshot.Slice(HeaderBytes + checked((int)header.StateBytes), header.LogitsCount * sizeof(float)));

    /// <summary>Writes the header and both checksums around state and logits that are in place already.</summary>
    /// <param name="snapshot">Exactly <see cref="SnapshotHeader.SnapshotBytes"/> long.</param>
    /// <param name="header">The fields.</param>
    public static void Seal(Span<byte> snapshot, SnapshotHeader header)
    {
        if (snapshot.Length != header.SnapshotBytes)
            throw new ArgumentException($"A snapshot of {header.SnapshotBytes} bytes does not fit {snapshot.Length}.", nameof(snapshot));
        WriteHeader(snapshot[..HeaderBytes], header);
        XxHash128.Hash(snapshot[..^ChecksumBytes], snapshot[^ChecksumBytes..]);
    }

    /// <summary>Reads and checks the first <see cref="HeaderBytes"/> bytes. Raises <see cref="InferenceError.SessionCorrupt"/>.</summary>
    /// <param name="bytes">At least the header.</param>
    /// <param name="name">What to call the snapshot in a message.</param>
    public static SnapshotHeader ReadHeader(ReadOnlySpan<byte> bytes, string name)
    {
        if (bytes.Length < HeaderBytes)
            throw Corrupt(name, $"it has {bytes.Length} bytes; a header alone has {HeaderBytes}");
        var header = bytes[..HeaderBytes];
        if (!header.StartsWith(Magic))
            throw Corrupt(name, "it does not begin with CTTNSNAP");
        if (XxHash64.HashToUInt64(header[..HeaderChecksumOffset]) != BinaryPrimitives.ReadUInt64LittleEndian(header[HeaderChecksumOffset..]))
            throw Corrupt(name, "the header's checksum differs");
        var format = ReadInt32(header, 8);
        if (format != FormatVersion || ReadInt32(header, 12) != StateLayout.Version)
            throw new InferenceException(InferenceError.SessionModelMismatch,
                $"{name}: snapshot format {format}, state layout {ReadInt32(header, 12)}; this build reads format {FormatVersion}, layout {StateLayout.Version}");
        return ReadFields(header, name);
    }

    /// <summary>Reads the header and checks length and checksum of the whole. Raises <see cref="InferenceError.SessionCorrupt"/>.</summary>
    public static SnapshotHeader Read(ReadOnlySpan<byte> snapshot, string name)
    {
        var header = ReadHeader(snapshot, name);
        if (snapshot.Length != header.SnapshotBytes)
            throw Corrupt(name, $"it has {snapshot.Length} bytes; its header says {header.SnapshotBytes}");
        Span<byte> checksum = stackalloc byte[ChecksumBytes];
        XxHash128.Hash(snapshot[..^ChecksumBytes], checksum);
        if (!checksum.SequenceEqual(snapshot[^ChecksumBytes..]))
            throw Corrupt(name, "the checksum differs");
        return header;
    }

    private static void WriteHeader(Span<byte> bytes, SnapshotHeader header)
    {
        bytes.Clear();
        Magic.CopyTo(bytes);
        WriteInt32(bytes, 8, FormatVersion);
        WriteInt32(bytes, 12, StateLayout.Version);
        WriteInt32(bytes, 16, header.Layout.Layers);
        WriteInt32(bytes, 20, header.Layout.Heads);
        WriteInt32(bytes, 24, header.Layout.ValueDim);
        WriteInt32(bytes, 28, header.Layout.KeyDim);
        Convert.FromHexString(header.ModelFingerprint).CopyTo(bytes[32..64]);
        WriteInt64(bytes, 64, header.Version);
        WriteInt64(bytes, 72, header.Position);
        WriteInt32(bytes, 80, header.PendingToken);
        WriteInt32(bytes, 84, header.LogitsCount);
        WriteInt64(bytes, 88, unchecked((long)header.Seed));
        WriteInt64(bytes, 96, header.CreatedAt.ToUnixTimeMilliseconds());
        WriteInt64(bytes, 104, header.UpdatedAt.ToUnixTimeMilliseconds());
        bytes[112] = header.PastTrainedLength ? (byte)1 : (byte)0;
        bytes[113] = checked((byte)header.UndecodedBytes.Length);
        header.UndecodedBytes.CopyTo(bytes[114..(114 + MaxUndecoded)]);
        bytes[117] = checked((byte)Encoding.ASCII.GetBytes(header.Id, bytes[IdOffset..(IdOffset + 128)]));
        bytes[118] = checked((byte)Encoding.ASCII.GetBytes(header.ParentId ?? "", bytes[(IdOffset + 128)..WindowOffset]));
        WriteInt32(bytes, 120, header.Window.Length);
        MemoryMarshal.AsBytes(header.Window.AsSpan()).CopyTo(bytes[WindowOffset..(WindowOffset + MaxWindow * sizeof(int))]);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[HeaderChecksumOffset..], XxHash64.HashToUInt64(bytes[..HeaderChecksumOffset]));
    }

    // The checksum held, but a snapshot may have been made to hold: every field is checked before it sizes anything.
    private static SnapshotHeader ReadFields(ReadOnlySpan<byte> bytes, string name)
    {
        var layout = new StateLayout(ReadInt32(bytes, 16), ReadInt32(bytes, 20), ReadInt32(bytes, 24), ReadInt32(bytes, 28));
        var created = ReadInt64(bytes, 96);
        var updated = ReadInt64(bytes, 104);
        int undecoded = bytes[113], id = bytes[117], parent = bytes[118], window = ReadInt32(bytes, 120);
        if (!IsPlausible(layout) || undecoded > MaxUndecoded || id > 128 || parent > 128 || window is < 0 or > MaxWindow
            || !IsTime(created) || !IsTime(updated))
            throw Corrupt(name, "a field of the header is out of range");
        var header = new SnapshotHeader
        {
            Id = Encoding.ASCII.GetString(bytes.Slice(IdOffset, id)),
            ParentId = parent == 0 ? null : Encoding.ASCII.GetString(bytes.Slice(IdOffset + 128, parent)),
            ModelFingerprint = Convert.ToHexStringLower(bytes[32..64]),
            Layout = layout,
            Version = ReadInt64(bytes, 64),
            Position = ReadInt64(bytes, 72),
            PendingToken = ReadInt32(bytes, 80),
            LogitsCount = ReadInt32(bytes, 84),
            Seed = unchecked((ulong)ReadInt64(bytes, 88)),
            CreatedAt = DateTimeOffset.FromUnixTimeMilliseconds(created),
            UpdatedAt = DateTimeOffset.FromUnixTimeMilliseconds(updated),
            PastTrainedLength = bytes[112] == 1,
            UndecodedBytes = bytes.Slice(114, undecoded).ToArray(),
            Window = MemoryMarshal.Cast<byte, int>(bytes.Slice(WindowOffset, window * sizeof(int))).ToArray(),
        };
        if (!SessionId.IsValid(header.Id) || (header.ParentId is { } p && !SessionId.IsValid(p)) || header.Version is < 1 or > MaxCount
            || header.Position is < 0 or > MaxCount || header.PendingToken < -1 || header.LogitsCount is < 0 or > MaxLogits
            || (header.PendingToken >= 0 && header.LogitsCount > 0)
            || (header.Position > 0 && header.PendingToken < 0 && header.LogitsCount == 0))
            throw Corrupt(name, "a field of the header is out of range");
        return header;
    }

    private const int MaxLogits = 1 << 24;

    // Leaves room to count on.
    private const long MaxCount = 1L << 62;

    private static bool IsPlausible(StateLayout layout)
    {
        const long maxElements = int.MaxValue / 2 / sizeof(float);
        if (layout.Layers is < 1 or > 65536 || layout.Heads is < 1 or > 65536 || layout.ValueDim is < 1 or > 65536 || layout.KeyDim is < 1 or > 65536)
            return false;
        return (Int128)layout.Layers * layout.Heads * layout.ValueDim * layout.KeyDim <= maxElements;
    }

    // From 1970 to 9999, what DateTimeOffset holds.
    private static bool IsTime(long milliseconds) => milliseconds is >= 0 and <= 253_402_300_799_999;

    private static InferenceException Corrupt(string name, string reason) =>
        new(InferenceError.SessionCorrupt, $"{name}: the snapshot is damaged: {reason}");

    private static int ReadInt32(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadInt32LittleEndian(bytes[offset..]);
    private static long ReadInt64(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadInt64LittleEndian(bytes[offset..]);
    private static void WriteInt32(Span<byte> bytes, int offset, int value) => BinaryPrimitives.WriteInt32LittleEndian(bytes[offset..], value);
    private static void WriteInt64(Span<byte> bytes, int offset, long value) => BinaryPrimitives.WriteInt64LittleEndian(bytes[offset..], value);
}
