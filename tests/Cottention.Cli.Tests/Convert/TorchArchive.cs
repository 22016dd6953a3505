using System.IO.Compression;

namespace Cottention.Cli.Tests.Convert;

/// <summary>Writes zip files as torch.save does.</summary>
internal static class TorchArchive
{
    public static void Write(string path, byte[] pickle, params (string Key, byte[] Data)[] storages) =>
        WriteEntries(path, [("m/data.pkl", pickle), .. storages.Select(s => ($"m/data/{s.Key}", s.Data)), ("m/version", "3\n"u8.ToArray())]);

    public static void WriteEntries(string path, (string Name, byte[] Data)[] entries, CompressionLevel level = CompressionLevel.NoCompression)
    {
        using var archive = new ZipArchive(File.Create(path), ZipArchiveMode.Create);
        foreach (var (name, data) in entries)
        {
            using var entry = archive.CreateEntry(name, level).Open();
            entry.Write(data);
        }
    }
}
