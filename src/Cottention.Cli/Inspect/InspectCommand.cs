using System.CommandLine;
using Cottention.Inference.Model;

namespace Cottention.Cli.Inspect;

/// <summary><c>cottention inspect</c>: what a model's folder, a safetensors file or a session's snapshot holds.</summary>
internal static class InspectCommand
{
    public static Command Create()
    {
        var path = new Argument<string>("path") { Description = "A model's folder, a .safetensors file, or the snapshot of a session." };
        var summary = new Option<bool>("--summary") { Description = "Leave the table of tensors out." };
        var command = new Command("inspect", "Checks a model or a session's snapshot and shows what it holds. Needs no server.") { path, summary };
        command.SetAction((parsed, _) => FileCommands.RunAsync(_ =>
            Of(parsed.GetRequiredValue(path)).WriteTo(Console.Out, !Console.IsOutputRedirected, parsed.GetValue(summary))));
        return command;
    }

    private static Report Of(string path)
    {
        if (Directory.Exists(path))
            return ModelInspection.OfFolder(path);
        using (var file = MappedFile.Open(path))
            if (SnapshotInspection.IsSnapshot(file))
                return SnapshotInspection.Of(path, file);
        return ModelInspection.OfFile(path);
    }
}
