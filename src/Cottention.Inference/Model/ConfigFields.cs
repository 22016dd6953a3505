using System.Text.Json;

namespace Cottention.Inference.Model;

/// <summary>Typed, range-checked access to the keys of a configuration; every fault names the key.</summary>
internal readonly struct ConfigFields
{
    private readonly string _file;
    private readonly JsonElement _root;

    /// <summary>The fields of a JSON object.</summary>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidModel"/>: it is no object.</exception>
    public ConfigFields(string file, JsonElement root)
    {
        (_file, _root) = (file, root);
        if (root.ValueKind != JsonValueKind.Object)
            throw ModelFault.Of(file, null, $"is a JSON {root.ValueKind}; allowed: an object");
    }

    /// <summary>Whether the key is there, null included.</summary>
    public bool Has(string key) => _root.TryGetProperty(key, out _);

    /// <summary>A whole number that must be there.</summary>
    public int Int(string key, int min, int max) =>
        IntOrNull(key, min, max)
            ?? throw Fault(key, $"is {(Has(key) ? "null" : "missing")}; allowed: {min} to {max}");

    /// <summary>A whole number, or null if the key is absent or null.</summary>
    public int? IntOrNull(string key, int min, int max)
    {
        if (!TryGetValue(key, out var value))
            return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= min && number <= max
            ? number
            : throw Fault(key, $"is {Shown(value)}; allowed: {min} to {max}");
    }

    /// <summary>A number above 0, in float32 too.</summary>
    public double PositiveNumber(string key, double ifAbsent, double max)
    {
        if (!TryGetValue(key, out var value))
            return ifAbsent;
        return value.ValueKind == JsonValueKind.Number && value.GetDouble() is var number && (float)number > 0 && number <= max
            ? number
            : throw Fault(key, $"is {Shown(value)}; allowed: more than 0 (in float32), up to {max}");
    }

    /// <summary>true or false.</summary>
    public bool Bool(string key, bool ifAbsent)
    {
        if (!TryGetValue(key, out var value))
            return ifAbsent;
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? value.GetBoolean()
            : throw Fault(key, $"is {Shown(value)}; allowed: true or false");
    }

    /// <summary>A text that must be there.</summary>
    public string Text(string key) => TryGetValue(key, out var value)
        ? value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Fault(key, $"is {Shown(value)}; allowed: a string") // a string is never null
        : throw Fault(key, "is missing; allowed: a string");

    /// <summary>A list of texts; an absent key is an empty one.</summary>
    public IReadOnlyList<string> Texts(string key, int max)
    {
        if (!TryGetValue(key, out var value))
            return [];
        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.String))
            throw Fault(key, $"is {Shown(value)}; allowed: a list of strings");
        if (value.GetArrayLength() > max)
            throw Fault(key, $"has {value.GetArrayLength()} entries; allowed: 0 to {max}");
        return [.. value.EnumerateArray().Select(item => item.GetString()!)]; // a string is never null
    }

    /// <summary>Refuses any text but one; an absent key stands for it.</summary>
    public void RequireText(string key, string allowed)
    {
        if (TryGetValue(key, out var value) && (value.ValueKind != JsonValueKind.String || !value.ValueEquals(allowed)))
            throw Fault(key, $"is {Shown(value)}; allowed: {allowed}");
    }

    /// <summary>A refusal that names the key.</summary>
    public InferenceException Fault(string key, string reason) => ModelFault.Of(_file, null, $"{key} {reason}");

    private bool TryGetValue(string key, out JsonElement value) =>
        _root.TryGetProperty(key, out value) && value.ValueKind != JsonValueKind.Null;

    private static string Shown(JsonElement value) => ModelFault.Shorten(value.GetRawText());
}
