using Cottention.Inference;

namespace Cottention.Server.Hosting;

/// <summary>Finds the folder of the model to serve.</summary>
internal static class ModelFolder
{
    /// <summary>Folder name of the shipped model under <c>deploy/models</c>.</summary>
    public const string Shipped = "cottention-stories";

    /// <summary>
    /// The folder given, or else the shipped one: <c>models/NAME</c> beside the program (an installed server), or
    /// <c>deploy/models/NAME</c> in a folder above the program or above the current folder (a checked-out repository).
    /// </summary>
    public static string Find(string? given)
    {
        if (given is not null)
            return Directory.Exists(given) ? Path.GetFullPath(given) : throw Missing($"{Path.GetFullPath(given)}: no such folder");
        return Candidates().FirstOrDefault(Directory.Exists)
            ?? throw Missing($"no folder deploy/models/{Shipped} above {AppContext.BaseDirectory} or {Environment.CurrentDirectory}; name one with --model");
    }

    private static IEnumerable<string> Candidates()
    {
        yield return Path.Combine(AppContext.BaseDirectory, "models", Shipped);
        foreach (var start in new[] { AppContext.BaseDirectory, Environment.CurrentDirectory })
            for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
                yield return Path.Combine(folder.FullName, "deploy", "models", Shipped);
    }

    private static InferenceException Missing(string message) => new(InferenceError.InvalidModel, message);
}
