using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Cottention.Inference.Tokenization;

/// <summary>
/// Reads <c>vocab.json</c> and <c>merges.txt</c>, and of <c>added_tokens.json</c>, <c>special_tokens_map.json</c> and
/// <c>tokenizer_config.json</c>, where they exist, which tokens are control tokens. Every fault is an
/// <see cref="InferenceError.InvalidModel"/> that names the file; nothing is allocated by an unchecked number.
/// </summary>
internal sealed class BpeFiles
{
    public const string VocabularyName = "vocab.json";
    public const string MergesName = "merges.txt";

    // GPT-2's files have 1 MB; this leaves room for vocabularies of a million tokens.
    private const long MaxFileBytes = 64L << 20;

    // GPT-2's longest token has 128 bytes. The engine sizes its buffers by the longest one.
    private const int MaxTokenChars = 1024;

    private readonly string _folder;
    private readonly int _vocabularySize;
    private readonly Dictionary<string, int> _ids = [];
    private readonly string?[] _tokens;

    private BpeFiles(string folder, int vocabularySize)
    {
        _folder = folder;
        _vocabularySize = vocabularySize;
        _tokens = new string?[vocabularySize];
    }

    /// <summary>Whether the folder has a vocabulary of its own.</summary>
    public static bool Exist(string folder) =>
        File.Exists(Path.Combine(folder, VocabularyName)) || File.Exists(Path.Combine(folder, MergesName));

    /// <summary>Reads the folder's files.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="vocabularySize">N; ids lie below it.</param>
    public static BpeVocabulary Read(string folder, int vocabularySize)
    {
        var files = new BpeFiles(folder, vocabularySize);
        files.ReadVocabulary();
        var merges = files.ReadMerges();
        var control = new ControlTokenFiles(folder, vocabularySize, files._ids).Read();
        files.MoveUnmergedTokens(merges, control);
        files.CheckAlphabet();
        files.CheckOperands(merges);
        return new BpeVocabulary(files._tokens, merges, control);
    }

    /// <summary>The whole content of a small file.</summary>
    public static byte[] ReadSmall(string folder, string name)
    {
        var path = Path.Combine(folder, name);
        try
        {
            var length = new FileInfo(path).Length;
            return length <= MaxFileBytes
                ? File.ReadAllBytes(path)
                : throw Fault(folder, name, string.Create(CultureInfo.InvariantCulture, $"has {length} bytes; allowed: up to {MaxFileBytes}"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Fault(folder, name, e is FileNotFoundException ? "is missing" : "cannot be read: " + e.Message, e);
        }
    }

    /// <summary>A refusal in one line.</summary>
    public static InferenceException Fault(string folder, string name, string fault, Exception? inner = null) =>
        new(InferenceError.InvalidModel, $"{Path.Combine(folder, name)} {fault}.", inner);

    /// <summary>A token as it may be shown in one line.</summary>
    public static string Quote(string token) =>
        JsonSerializer.Serialize(token.Length <= 40 ? token : token[..40] + "...");

    private void ReadVocabulary()
    {
        var reader = new Utf8JsonReader(WithoutMark(ReadSmall(_folder, VocabularyName)));
        try
        {
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
                throw Fault(_folder, VocabularyName, "is not one JSON object");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var token = reader.GetString() ?? "";
                reader.Read();
                if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out var id))
                    throw Fault(_folder, VocabularyName, $"gives {Quote(token)} no whole number");
                AddToken(token, id);
            }

            if (reader.Read())
                throw Fault(_folder, VocabularyName, "has more than one JSON object");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw Fault(_folder, VocabularyName, "is not valid JSON: " + e.Message.ReplaceLineEndings(" "), e);
        }
    }

    private void AddToken(string token, int id)
    {
        if ((uint)id >= (uint)_vocabularySize)
            throw Fault(_folder, VocabularyName, Line($"gives {Quote(token)} the id {id}; the model has 0 to {_vocabularySize - 1}"));
        if (token.Length is 0 or > MaxTokenChars)
            throw Fault(_folder, VocabularyName, Line($"has a token of {token.Length} characters at id {id}; allowed: 1 to {MaxTokenChars}"));
        if (_tokens[id] is { } other)
            throw Fault(_folder, VocabularyName, Line($"gives the id {id} to {Quote(other)} and {Quote(token)}"));
        if (!_ids.TryAdd(token, id))
            throw Fault(_folder, VocabularyName, Line($"has {Quote(token)} twice, with the ids {_ids[token]} and {id}"));
        _tokens[id] = token;
    }

    private List<BpeMerge> ReadMerges()
    {
        var merges = new List<BpeMerge>();
        var seen = new HashSet<(int, int)>();
        var reader = new StringReader(Encoding.UTF8.GetString(WithoutMark(ReadSmall(_folder, MergesName))));
        for (var number = 1; reader.ReadLine() is { } line; number++)
        {
            if (line.Length == 0 || (number == 1 && line.StartsWith("#version", StringComparison.Ordinal)))
                continue;
            var parts = line.Split(' ');
            if (parts.Length != 2 || parts[0].Length == 0 || parts[1].Length == 0)
                throw Fault(_folder, MergesName, Line($"line {number} is {Quote(line)}; expected two tokens and one space between them"));
            var merge = new BpeMerge(IdOf(parts[0], number), IdOf(parts[1], number), IdOf(parts[0] + parts[1], number));
            if (!seen.Add((merge.Left, merge.Right)))
                throw Fault(_folder, MergesName, Line($"line {number} merges {Quote(line)} again"));
            merges.Add(merge);
        }

        return merges;
    }

    private int IdOf(string token, int line) => _ids.TryGetValue(token, out var id)
        ? id
        : throw Fault(_folder, MergesName, Line($"line {line} names {Quote(token)}, which is not in {VocabularyName}"));

    // No text yields a token that is neither a byte nor the result of a merge: it was added by hand, so it is a control token.
    private void MoveUnmergedTokens(List<BpeMerge> merges, Dictionary<string, int> control)
    {
        var merged = merges.Select(merge => merge.Result).ToHashSet();
        Span<byte> value = stackalloc byte[1];
        for (var id = 0; id < _tokens.Length; id++)
        {
            if (_tokens[id] is not { } token || control.ContainsKey(token))
                continue;
            var isByte = token.Length == 1 && ByteAlphabet.TryToBytes(token, value);
            if (!isByte && !merged.Contains(id))
                control[token] = id;
        }

        foreach (var (token, id) in control)
            _tokens[id] = merged.Contains(id)
                ? throw Fault(_folder, MergesName, $"makes {Quote(token)}, which is a control token")
                : null;
    }

    private void CheckOperands(List<BpeMerge> merges)
    {
        foreach (var (left, right, result) in merges)
            if (_tokens[left] is null || _tokens[right] is null)
                throw Fault(_folder, MergesName, Line($"makes the token {result} of one that is neither a byte nor made by a merge"));
    }

    private void CheckAlphabet()
    {
        for (var value = 0; value < 256; value++)
            if (!_ids.TryGetValue(ByteAlphabet.ToChar((byte)value).ToString(), out var id) || _tokens[id] is null)
                throw Fault(_folder, VocabularyName, Line($"has no token for the byte 0x{value:X2}"));
        Span<byte> bytes = stackalloc byte[MaxTokenChars];
        foreach (var token in _tokens)
            if (token is not null && !ByteAlphabet.TryToBytes(token, bytes))
                throw Fault(_folder, VocabularyName, $"has {Quote(token)}, which is not in the characters of a byte-level BPE");
    }

    private static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> text) =>
        text.StartsWith(Encoding.UTF8.Preamble) ? text[Encoding.UTF8.Preamble.Length..] : text;

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
