using Cottention.Inference.Model;
using Cottention.Inference.Sessions;

namespace Cottention.Cli.Tests.Inspect;

public sealed class SnapshotInspectionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Inspect_Snapshot_ShowsItsHeader()
    {
        var path = Write();

        var (code, output, error) = CommandLine.Run("inspect", path);

        Assert.Equal("", error);
        Assert.Equal(0, code);
        Assert.Equal(
            """
            session     story-2, forked from story-1
            version     3, written 2026-01-02 03:04:05Z; created 2026-01-01 00:00:00Z
            position    1234567 tokens in the state, past the trained length
            next        token 42 is pending
            window      3 recent tokens; 1 undecoded bytes
            seed        18446744073709551615
            state       4 KiB: [2, 2, 16, 16] f32
            file        6 KiB, checksums agree
            model       561fb67c58a770215abd20d5e03c2972d92b77be1bbbfa7ae3ce462a4775262c

            """,
            output);
    }

    [Theory]
    [InlineData(100, "the header's checksum differs")]
    [InlineData(5000, "the checksum differs")]
    public void Inspect_DamagedSnapshot_IsOneLineAndExitCode1(int at, string reason)
    {
        var path = Write();
        var bytes = File.ReadAllBytes(path);
        bytes[at] ^= 1;
        File.WriteAllBytes(path, bytes);

        var (code, output, error) = CommandLine.Run("inspect", path);

        Assert.Equal(1, code);
        Assert.Equal("", output);
        Assert.Equal($"error: {path}: the snapshot is damaged: {reason}\n", error);
    }

    [Fact]
    public void Inspect_TruncatedSnapshot_IsRefused()
    {
        var path = Write();
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^1]);

        var (code, _, error) = CommandLine.Run("inspect", path);

        Assert.Equal(1, code);
        Assert.StartsWith($"error: {path}: the snapshot is damaged: it has ", error);
    }

    [Fact]
    public void Inspect_NeitherModelNorSnapshot_IsRefused()
    {
        var path = _folder.File("text");
        File.WriteAllText(path, "CTTN");

        var (code, _, error) = CommandLine.Run("inspect", path);

        Assert.Equal(1, code);
        Assert.Equal($"error: {path}: has 4 bytes; a safetensors file has at least 8\n", error);
    }

    private string Write()
    {
        var header = new SnapshotHeader
        {
            Id = "story-2",
            ParentId = "story-1",
            ModelFingerprint = "561fb67c58a770215abd20d5e03c2972d92b77be1bbbfa7ae3ce462a4775262c",
            Layout = new StateLayout(2, 2, 16, 16),
            Version = 3,
            Position = 1_234_567,
            PendingToken = 42,
            Seed = ulong.MaxValue,
            PastTrainedLength = true,
            CreatedAt = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero),
            UpdatedAt = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
            UndecodedBytes = [0xF0],
            Window = [7, 8, 42],
        };
        var bytes = new byte[header.SnapshotBytes];
        SessionSnapshot.Seal(bytes, header);
        var path = _folder.File("x.snapshot");
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
