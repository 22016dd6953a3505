using System.Text.Json;

namespace Cottention.Inference.Model;

/// <summary>The index file of a checkpoint in several files: which tensor lies in which.</summary>
public sealed class ShardIndex
{
    private const int MaxFileBytes = 16 << 20;
    private const int MaxShards = 1024;

    private ShardIndex(string path, Dictionary<string, string> shardOf, string[] shards)
    {
        Path = path;
        ShardOf = shardOf;
        Shards = shards;
    }

    /// <summary>The index file.</summary>
    public string Path { get; }

    /// <summary>File name of the shard of each tensor.</summary>
    public IReadOnlyDictionary<string, string> ShardOf { get; }

    /// <summary>File names of the shards, each once, in ordinal order; plain names in the index's own folder.</summary>
    public IReadOnlyList<string> Shards { get; }

    /// <summary>Reads and checks an index file. Whether the shards exist is found when they are opened.</summary>
    /// <param name="path">The index file.</param>
    /// <param name="extension">What every shard's name ends in, for example <c>.safetensors</c>.</param>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidModel"/>: no index, or a shard's name leads out of the folder.</exception>
    public static ShardIndex Read(string path, string extension) =>
        ModelJson.Read(path, ModelFiles.ReadSmall(path, MaxFileBytes), root => Parse(path, extension, root));

    /// <summary>Path of a shard of this index.</summary>
    public string PathOf(string shard) => System.IO.Path.Combine(System.IO.Path.GetDirectoryName(Path) ?? "", shard);

    private static ShardIndex Parse(string path, string extension, JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("weight_map", out var map) || map.ValueKind != JsonValueKind.Object)
            throw ModelFault.Of(path, null, "has no weight_map object");
        var shardOf = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in map.EnumerateObject())
        {
            var shard = entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString()! : entry.Value.GetRawText(); // a string is not null
            if (entry.Value.ValueKind != JsonValueKind.String || !IsPlainName(shard, extension))
                throw ModelFault.Of(path, entry.Name,
                    $"its file is '{ModelFault.Shorten(shard)}'; allowed: a name of letters, digits, '-', '_', '.' that ends in {extension}");
            shardOf.Add(entry.Name, shard);
        }
        string[] shards = [.. shardOf.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        return shards.Length is > 0 and <= MaxShards
            ? new ShardIndex(path, shardOf, shards)
            : throw ModelFault.Of(path, null, $"names {shards.Length} files; allowed: 1 to {MaxShards}");
    }

    private static bool IsPlainName(string name, string extension) =>
        name.Length <= 255
        && name[..Math.Min(1, name.Length)] is not ("" or "." or "-")
        && name.EndsWith(extension, StringComparison.Ordinal)
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
}
