using Cottention.Inference;
using Cottention.Inference.Model;

namespace Cottention.Cli;

/// <summary>Writes a model's folder from tensors and the files beside another model's weights, and checks it.</summary>
internal static class ModelFolderWriter
{
    /// <summary>The file with the weights.</summary>
    public const string WeightsFile = "model.safetensors";

    /// <summary>Files that belong to a model beside its weights.</summary>
    private static readonly string[] CompanionFiles =
    [
        ModelConfigReader.FileName, "generation_config.json", "vocab.json", "merges.txt", "tokenizer.json",
        "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", ChatFormat.FileName,
    ];

    /// <summary>Refuses a folder that holds a model already.</summary>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidArgument"/>.</exception>
    public static void RequireFree(string folder)
    {
        if (Path.Exists(Path.Combine(folder, WeightsFile)))
            throw new InferenceException(InferenceError.InvalidArgument, $"{folder} has a {WeightsFile} already; --overwrite replaces it");
    }

    /// <summary>Writes the folder. It is written beside itself and moved into place at the end: a failure leaves it as it was.</summary>
    /// <param name="source">Folder whose other files are copied.</param>
    /// <param name="folder">The folder; made if missing.</param>
    /// <param name="tensors">The weights.</param>
    /// <param name="metadata">Free text of the weights' file.</param>
    /// <returns>The model's fingerprint; null if the source has no config.json, and so there is no model to check.</returns>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidModel"/>: the result is no Cottention model.</exception>
    /// <exception cref="IOException">A file could not be written.</exception>
    public static string? Write(string source, string folder, IReadOnlyList<TensorToWrite> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        var isNew = !Directory.Exists(folder);
        Directory.CreateDirectory(folder);
        var staging = Path.Combine(folder, $".convert-{Guid.NewGuid():N}");
        Directory.CreateDirectory(staging);
        try
        {
            foreach (var name in CompanionFiles)
                if (File.Exists(Path.Combine(source, name)))
                    File.Copy(Path.Combine(source, name), Path.Combine(staging, name));
            SafetensorsWriter.Write(Path.Combine(staging, WeightsFile), tensors, metadata);
            var fingerprint = Check(staging);
            foreach (var file in Directory.GetFiles(staging))
                File.Move(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
            return fingerprint;
        }
        finally
        {
            Directory.Delete(staging, recursive: true);
            if (isNew && !Directory.EnumerateFileSystemEntries(folder).Any())
                Directory.Delete(folder);
        }
    }

    private static string? Check(string folder)
    {
        if (!File.Exists(Path.Combine(folder, ModelConfigReader.FileName)))
            return null;
        using var checkpoint = Checkpoint.Open(folder);
        return checkpoint.Fingerprint;
    }
}
