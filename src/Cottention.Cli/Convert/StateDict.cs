using System.Collections;
using Cottention.Inference;
using Cottention.Inference.Model;

namespace Cottention.Cli.Convert;

/// <summary>Finds the dict of tensors in what a file holds.</summary>
internal static class StateDict
{
    /// <summary>Most keys a message lists.</summary>
    private const int MaxShown = 8;

    /// <summary>The tensors by name.</summary>
    /// <param name="file">The file.</param>
    /// <param name="key">Key of the dict inside the file's dict; null if the file's dict is it.</param>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidModel"/>: it is no dict of tensors; keys under which there is one are named.</exception>
    public static IReadOnlyDictionary<string, TorchTensor> Find(TorchFile file, string? key)
    {
        if (file.Root is not Hashtable root)
            throw ModelFault.Of(file.Path, null, $"holds {TorchGlobals.Kind(file.Root)}; allowed: a dict of tensors");
        if (key is null)
            return Tensors(file.Path, root, Hint(root));
        if (root[key] is Hashtable inner)
            return Tensors(file.Path, inner, "");
        throw ModelFault.Of(file.Path, null,
            $"--key '{ModelFault.Shorten(key)}' names {(root.ContainsKey(key) ? TorchGlobals.Kind(root[key]) : "nothing")}{Hint(root)}");
    }

    private static Dictionary<string, TorchTensor> Tensors(string file, Hashtable dict, string hint)
    {
        var tensors = new Dictionary<string, TorchTensor>(StringComparer.Ordinal);
        // Sorted, so that the fault found first is always the same one.
        foreach (var (key, value) in dict.Cast<DictionaryEntry>().Select(e => (e.Key, e.Value)).OrderBy(e => e.Key as string, StringComparer.Ordinal))
        {
            if (key is not string name)
                throw ModelFault.Of(file, null, $"is no dict of tensors: a key is {TorchGlobals.Kind(key)}{hint}");
            if (value is not TorchTensor tensor)
                throw ModelFault.Of(file, null, $"is no dict of tensors: '{ModelFault.Shorten(name)}' is {TorchGlobals.Kind(value)}{hint}");
            tensors.Add(name, tensor);
        }
        return tensors.Count > 0 ? tensors : throw ModelFault.Of(file, null, $"its dict has no tensors{hint}");
    }

    private static string Hint(Hashtable root)
    {
        var keys = root.Cast<DictionaryEntry>()
            .Where(e => e.Key is string && e.Value is Hashtable { Count: > 0 } inner && inner.Values.Cast<object?>().All(v => v is TorchTensor))
            .Select(e => ModelFault.Shorten((string)e.Key))
            .Order(StringComparer.Ordinal)
            .Take(MaxShown)
            .ToArray();
        return keys.Length == 0 ? "" : $"; there is one under {string.Join(", ", keys.Select(k => $"'{k}'"))}: name it with --key";
    }
}
