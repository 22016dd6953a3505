using Cottention.Inference.Model;

namespace Cottention.Inference.Sessions;

/// <summary>Everything of a session but its state and logits: what a list shows and what goes on where it stopped.</summary>
public sealed record SnapshotHeader
{
    /// <summary>The session's id.</summary>
    public required string Id { get; init; }

    /// <summary>The session it was forked from, if it was.</summary>
    public string? ParentId { get; init; }

    /// <summary>SHA-256 of the model, lower-case hexadecimal.</summary>
    public required string ModelFingerprint { get; init; }

    /// <summary>Shape of the state.</summary>
    public required StateLayout Layout { get; init; }

    /// <summary>Commits so far, from 1.</summary>
    public required long Version { get; init; }

    /// <summary>Tokens the state has consumed; 0 means that no state follows (it is all zero).</summary>
    public long Position { get; init; }

    /// <summary>A token of the session that the state has not consumed yet, or -1.</summary>
    public int PendingToken { get; init; } = -1;

    /// <summary>N where the logits after the last token follow the state, or 0.</summary>
    public int LogitsCount { get; init; }

    /// <summary>Key of the session's chance; the counter is the position.</summary>
    public ulong Seed { get; init; }

    /// <summary>Whether the passing of the trained length has been logged.</summary>
    public bool PastTrainedLength { get; init; }

    /// <summary>Time of creation, to the millisecond.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>Time of this commit, to the millisecond.</summary>
    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Bytes of an unfinished code point, at most 3.</summary>
    public byte[] UndecodedBytes { get; init; } = [];

    /// <summary>The newest tokens, oldest first, at most 256: what the penalties look at.</summary>
    public int[] Window { get; init; } = [];

    /// <summary>Tokens of the session, the pending one included.</summary>
    public long TokenCount => Position + (PendingToken >= 0 ? 1 : 0);

    /// <summary>Bytes of the state in the snapshot.</summary>
    public long StateBytes => Position > 0 ? Layout.Bytes : 0;

    /// <summary>Bytes of the whole snapshot.</summary>
    public long SnapshotBytes => SessionSnapshot.HeaderBytes + StateBytes + LogitsCount * (long)sizeof(float) + SessionSnapshot.ChecksumBytes;
}
