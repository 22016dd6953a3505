using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Cottention.Inference.Tokenization;

/// <summary>
/// The control tokens that a folder declares: all of <c>added_tokens.json</c>, the special ones of
/// <c>added_tokens_decoder</c> in <c>tokenizer_config.json</c>, and those named as begin, end, padding or unknown.
/// GPT-J's <c>&lt;|extratoken_n|&gt;</c> only pad the vocabulary and are left out.
/// </summary>
internal sealed partial class ControlTokenFiles
{
    private const string AddedName = "added_tokens.json";
    private const string SpecialName = "special_tokens_map.json";
    private const string ConfigName = "tokenizer_config.json";

    private static readonly string[] Roles = ["bos_token", "eos_token", "pad_token", "unk_token"];

    private readonly string _folder;
    private readonly int _vocabularySize;
    private readonly Dictionary<string, int> _vocabulary;
    private readonly Dictionary<int, string> _texts;
    private readonly Dictionary<string, int> _control = [];

    /// <summary>For a folder whose <c>vocab.json</c> gave these ids.</summary>
    public ControlTokenFiles(string folder, int vocabularySize, Dictionary<string, int> vocabulary)
    {
        _folder = folder;
        _vocabularySize = vocabularySize;
        _vocabulary = vocabulary;
        _texts = vocabulary.ToDictionary(entry => entry.Value, entry => entry.Key);
    }

    /// <summary>Control tokens by what is written for them.</summary>
    public Dictionary<string, int> Read()
    {
        ReadObject(AddedName, root =>
        {
            foreach (var entry in root.EnumerateObject())
                Add(AddedName, entry.Name, entry.Value.GetInt32());
        });
        ReadObject(ConfigName, ReadConfig);
        ReadObject(SpecialName, root => ReadRoles(SpecialName, root));
        return _control;
    }

    private void ReadConfig(JsonElement root)
    {
        if (root.TryGetProperty("add_prefix_space", out var prefix) && prefix.ValueKind == JsonValueKind.True)
            throw BpeFiles.Fault(_folder, ConfigName, "sets add_prefix_space, which is not supported");
        if (root.TryGetProperty("added_tokens_decoder", out var added))
            foreach (var entry in added.EnumerateObject())
            {
                var token = entry.Value.GetProperty("content").GetString() ?? "";
                if (!int.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
                    throw BpeFiles.Fault(_folder, ConfigName, $"has {BpeFiles.Quote(entry.Name)} where a token id is expected");
                var special = entry.Value.TryGetProperty("special", out var value) && value.GetBoolean();
                if (!special && !IsPadding(token) && !_control.ContainsKey(token))
                    throw BpeFiles.Fault(_folder, ConfigName, $"adds {BpeFiles.Quote(token)} as ordinary text, which is not supported");
                Add(ConfigName, token, id);
            }

        ReadRoles(ConfigName, root);
    }

    private void ReadRoles(string file, JsonElement root)
    {
        foreach (var role in Roles)
        {
            if (!root.TryGetProperty(role, out var value) || value.ValueKind == JsonValueKind.Null)
                continue;
            var token = (value.ValueKind == JsonValueKind.Object ? value.GetProperty("content") : value).GetString() ?? "";
            if (_vocabulary.TryGetValue(token, out var id))
                Add(file, token, id);
        }
    }

    private void Add(string file, string token, int id)
    {
        if (IsPadding(token))
            return;
        if ((uint)id >= (uint)_vocabularySize)
            throw BpeFiles.Fault(_folder, file, Line($"gives {BpeFiles.Quote(token)} the id {id}; the model has 0 to {_vocabularySize - 1}"));
        if (token.Length == 0)
            throw BpeFiles.Fault(_folder, file, Line($"has an empty token at id {id}"));
        if (_texts.TryGetValue(id, out var other) && other != token)
            throw BpeFiles.Fault(_folder, file, Line($"gives {BpeFiles.Quote(token)} the id {id}, which is that of {BpeFiles.Quote(other)}"));
        if ((_control.TryGetValue(token, out var known) || _vocabulary.TryGetValue(token, out known)) && known != id)
            throw BpeFiles.Fault(_folder, file, Line($"gives {BpeFiles.Quote(token)} the id {id}, but it has {known} already"));
        _control[token] = id;
        _texts[id] = token;
    }

    private void ReadObject(string file, Action<JsonElement> read)
    {
        if (!File.Exists(Path.Combine(_folder, file)))
            return;
        try
        {
            using var document = JsonDocument.Parse(BpeFiles.ReadSmall(_folder, file));
            read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw BpeFiles.Fault(_folder, file, "is not what is expected: " + e.Message.ReplaceLineEndings(" "), e);
        }
    }

    private static bool IsPadding(string token) => Padding().IsMatch(token);

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^<\|extratoken_[0-9]{1,9}\|>\z")]
    private static partial Regex Padding();
}
