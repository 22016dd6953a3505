using System.Diagnostics;
using Cottention.Conformance;

namespace Cottention.Server.Tests;

/// <summary>A folder of the tiny model whose vocabulary is a pipe: a server goes on loading it until somebody writes it.</summary>
public sealed class LoadingModel : IDisposable
{
    private const string Pipe = "vocab.json";

    private LoadingModel(string folder) => Folder = folder;

    public string Folder { get; }

    public static async Task<LoadingModel> CreateAsync()
    {
        var folder = Directory.CreateTempSubdirectory("cottention-loading-").FullName;
        foreach (var file in Directory.GetFiles(Fixtures.Path("tiny-model")).Where(file => Path.GetFileName(file) != Pipe))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        using var mkfifo = Process.Start("mkfifo", [Path.Combine(folder, Pipe)]);
        await mkfifo.WaitForExitAsync();
        return new LoadingModel(folder);
    }

    /// <summary>Writes the vocabulary.</summary>
    public async Task FinishAsync() =>
        await File.WriteAllBytesAsync(Path.Combine(Folder, Pipe), await File.ReadAllBytesAsync(Fixtures.Path("tiny-model", Pipe)));

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
