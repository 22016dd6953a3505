using Cottention.Inference.Model;
using Cottention.Inference.Sessions;
using CsCheck;

namespace Cottention.Inference.Tests.Sessions;

public sealed class SessionSnapshotTests
{
    private static readonly SnapshotHeader Header = new()
    {
        Id = "a-session",
        ParentId = "its.parent",
        ModelFingerprint = new string('5', 64),
        Layout = new StateLayout(2, 3, 4, 4),
        Version = 7,
        Position = 1L << 40,
        PendingToken = -1,
        LogitsCount = 11,
        Seed = ulong.MaxValue - 3,
        PastTrainedLength = true,
        CreatedAt = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123),
        UpdatedAt = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_001_456),
        UndecodedBytes = [0xF0, 0x9F, 0x98],
        Window = [.. Enumerable.Range(0, 256)],
    };

    [Fact]
    public void Seal_ThenRead_GivesEveryFieldBack()
    {
        var snapshot = Sealed(Header);

        var read = SessionSnapshot.Read(snapshot, "it");

        Assert.Equal(Header with { UndecodedBytes = [], Window = [] }, read with { UndecodedBytes = [], Window = [] }, FieldsEqual);
        Assert.Equal(Header.UndecodedBytes, read.UndecodedBytes);
        Assert.Equal(Header.Window, read.Window);
        Assert.Equal(5f, SessionSnapshot.StateOf(snapshot, read)[5]);
        Assert.Equal(-2f, SessionSnapshot.LogitsOf(snapshot, read)[2]);
    }

    [Fact]
    public void Read_AnyByteFlipped_IsRefused()
    {
        var snapshot = Sealed(Header);
        for (var i = 0; i < snapshot.Length; i++)
        {
            snapshot[i] ^= 0x10;
            var e = Assert.Throws<InferenceException>(() => SessionSnapshot.Read(snapshot, "it"));
            Assert.True(e.Error is InferenceError.SessionCorrupt || (i is >= 8 and < 16 && e.Error == InferenceError.SessionModelMismatch), $"byte {i}: {e.Error}");
            snapshot[i] ^= 0x10;
        }
    }

    [Fact]
    public void Read_CutAnywhere_IsRefused()
    {
        var snapshot = Sealed(Header);
        for (var length = 0; length < snapshot.Length; length += 7)
            Assert.Equal(InferenceError.SessionCorrupt, Assert.Throws<InferenceException>(() => SessionSnapshot.Read(snapshot.AsSpan(0, length), "it")).Error);
    }

    [Fact]
    public void ReadHeader_FieldsForgedUnderAValidChecksum_IsRefusedOrInRange() =>
        Gen.Select(Gen.Int[8, 1900], Gen.Byte).Array[1, 12].Sample(changes =>
        {
            var snapshot = Sealed(Header);
            foreach (var (offset, value) in changes)
                snapshot[offset] = value;
            System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(snapshot.AsSpan(SessionSnapshot.HeaderBytes - 8),
                System.IO.Hashing.XxHash64.HashToUInt64(snapshot.AsSpan(0, SessionSnapshot.HeaderBytes - 8)));
            try
            {
                var header = SessionSnapshot.ReadHeader(snapshot, "it");
                Assert.InRange(header.SnapshotBytes, 0, int.MaxValue);
                Assert.True(SessionId.IsValid(header.Id));
            }
            catch (InferenceException e)
            {
                Assert.True(e.Error is InferenceError.SessionCorrupt or InferenceError.SessionModelMismatch);
            }
        }, iter: 5000);

    private static byte[] Sealed(SnapshotHeader header)
    {
        var snapshot = new byte[header.SnapshotBytes];
        var state = SessionSnapshot.StateOf(snapshot, header);
        for (var i = 0; i < state.Length; i++)
            state[i] = i;
        var logits = SessionSnapshot.LogitsOf(snapshot, header);
        for (var i = 0; i < logits.Length; i++)
            logits[i] = -i;
        SessionSnapshot.Seal(snapshot, header);
        return snapshot;
    }

    private static bool FieldsEqual(SnapshotHeader a, SnapshotHeader b) => a.ToString() == b.ToString();
}
