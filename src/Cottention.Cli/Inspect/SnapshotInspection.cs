using System.Globalization;
using Cottention.Inference;
using Cottention.Inference.Model;
using Cottention.Inference.Sessions;

namespace Cottention.Cli.Inspect;

/// <summary>Describes the snapshot of a session: what its header says, after length and checksums are found right.</summary>
internal static class SnapshotInspection
{
    /// <summary>What every snapshot begins with.</summary>
    private static ReadOnlySpan<byte> Magic => "CTTNSNAP"u8;

    /// <summary>Whether a file begins as a snapshot does.</summary>
    public static bool IsSnapshot(MappedFile file) => file.Length >= Magic.Length && file.Bytes(0, Magic.Length).SequenceEqual(Magic);

    /// <summary>A snapshot that a file store wrote.</summary>
    /// <exception cref="InferenceException"><see cref="InferenceError.SessionCorrupt"/> or <see cref="InferenceError.SessionModelMismatch"/>.</exception>
    public static Report Of(string path, MappedFile file)
    {
        if (file.Length > int.MaxValue)
            throw new InferenceException(InferenceError.SessionCorrupt, $"{path}: has {file.Length} bytes; a snapshot has up to {int.MaxValue}");
        var header = SessionSnapshot.Read(file.Bytes(0, (int)file.Length), path);
        var layout = header.Layout;
        var report = new Report();
        report.Line("session", header.ParentId is null ? header.Id : $"{header.Id}, forked from {header.ParentId}");
        report.Line("version", Text($"{header.Version}, written {Time(header.UpdatedAt)}; created {Time(header.CreatedAt)}"));
        report.Line("position", Text($"{header.Position} tokens in the state{(header.PastTrainedLength ? ", past the trained length" : "")}"));
        report.Line("next", header.PendingToken >= 0 ? Text($"token {header.PendingToken} is pending") : Text($"{header.LogitsCount} logits"));
        report.Line("window", Text($"{header.Window.Length} recent tokens; {header.UndecodedBytes.Length} undecoded bytes"));
        report.Line("seed", Text($"{header.Seed}"));
        report.Line("state", Text($"{Sizes.Text(header.StateBytes)}: [{layout.Layers}, {layout.Heads}, {layout.ValueDim}, {layout.KeyDim}] f32"));
        report.Line("file", $"{Sizes.Text(file.Length)}, checksums agree");
        report.Line("model", header.ModelFingerprint);
        return report;
    }

    private static string Time(DateTimeOffset time) => time.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
