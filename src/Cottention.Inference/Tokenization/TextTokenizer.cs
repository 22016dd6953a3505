using System.Buffers;
using System.Globalization;
using System.Text;
using Cottention.Inference.Model;
using Microsoft.ML.Tokenizers;

namespace Cottention.Inference.Tokenization;

/// <summary>
/// The tokenizer of a model: byte-level BPE. Any text has tokens, and any tokens have bytes. Immutable, thread-safe.
/// Ids of the vocabulary are text tokens, control tokens (no text of their own, never made from plain text) or dead (padding).
/// </summary>
public sealed class TextTokenizer
{
    // The library's merging is quadratic in the piece at the worst; longer pieces, in chars, go through BpeMerger.
    private const int LongPiece = 256;

    // Chars from which encoding takes noticeable time and memory, and how many such texts are encoded at once.
    private const int LongText = 1 << 16;
    private const int MaxLongTexts = 2;

    private enum Kind : byte
    {
        Dead,
        Text,
        Control,
    }

    private readonly TaskScheduler _longTexts = new ConcurrentExclusiveSchedulerPair(TaskScheduler.Default, MaxLongTexts).ConcurrentScheduler;
    private readonly Kind[] _kinds;
    private readonly byte[] _bytes;
    private readonly int[] _offsets;
    private readonly int[] _deadTokens;
    private readonly Dictionary<string, int> _control;
    private readonly string[] _controlByLength;
    private readonly SearchValues<string> _controlSearch;
    private readonly BpeTokenizer _bpe;
    private readonly BpeMerger _merger;

    internal TextTokenizer(BpeVocabulary vocabulary, int? bosTokenId, int? eosTokenId)
    {
        var size = vocabulary.Tokens.Length;
        _kinds = new Kind[size];
        _offsets = new int[size + 1];
        var bytes = new List<byte>();
        for (var id = 0; id < size; id++)
        {
            if (vocabulary.Tokens[id] is { } token)
            {
                var tokenBytes = new byte[token.Length];
                if (!ByteAlphabet.TryToBytes(token, tokenBytes))
                    throw new InvalidOperationException($"Token {id} is not in the byte alphabet.");
                bytes.AddRange(tokenBytes);
                _kinds[id] = Kind.Text;
                MaxTokenBytes = Math.Max(MaxTokenBytes, tokenBytes.Length);
            }

            _offsets[id + 1] = bytes.Count;
        }

        _bytes = [.. bytes];
        _control = new Dictionary<string, int>(vocabulary.Control);
        foreach (var id in _control.Values)
            _kinds[id] = Kind.Control;
        BosTokenId = AsControl(bosTokenId, "bos_token_id");
        EosTokenId = AsControl(eosTokenId, "eos_token_id");
        _deadTokens = [.. Enumerable.Range(0, size).Where(IsDead)];
        _controlByLength = [.. _control.Keys.OrderByDescending(text => text.Length)];
        _controlSearch = SearchValues.Create(_controlByLength, StringComparison.Ordinal);
        _merger = CreateMerger(vocabulary);
        _bpe = CreateLibraryTokenizer(vocabulary);
    }

    /// <summary>N: ids of the model, padding included.</summary>
    public int VocabularySize => _kinds.Length;

    /// <summary>Live ids: those that are not dead.</summary>
    public int TokenCount => VocabularySize - _deadTokens.Length;

    /// <summary>Most bytes of a token.</summary>
    public int MaxTokenBytes { get; }

    /// <summary>Token that begins a text, if the model has one.</summary>
    public int? BosTokenId { get; }

    /// <summary>Token that ends a text, if the model has one.</summary>
    public int? EosTokenId { get; }

    /// <summary>Ids that only pad the vocabulary, ascending. They are never sampled.</summary>
    public ReadOnlySpan<int> DeadTokens => _deadTokens;

    /// <summary>Control tokens by what is written for them.</summary>
    public IReadOnlyDictionary<string, int> ControlTokens => _control;

    /// <summary>
    /// The tokenizer of a model folder: <c>vocab.json</c> and <c>merges.txt</c>, or, for a folder without them and a
    /// vocabulary of GPT-2's size or padded up from it, GPT-2's own.
    /// </summary>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidModel"/>: files missing, malformed or not fitting the model.</exception>
    public static TextTokenizer Load(string folder, ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(config);
        var size = config.VocabularySize;
        if (BpeFiles.Exist(folder))
            return new TextTokenizer(BpeFiles.Read(folder, size), config.BosTokenId, config.EosTokenId);
        if (size is >= Gpt2Vocabulary.Size and <= Gpt2Vocabulary.MaxPaddedSize)
            return new TextTokenizer(Gpt2Vocabulary.Load(size), config.BosTokenId, config.EosTokenId);
        throw BpeFiles.Fault(folder, BpeFiles.VocabularyName, Line(
            $"is missing, and a vocabulary of {size} tokens is not GPT-2's ({Gpt2Vocabulary.Size} to {Gpt2Vocabulary.MaxPaddedSize})"));
    }

    /// <summary>A tokenizer without merges, in which tokens 0 to 255 are the bytes: for tests of models that have no text.</summary>
    internal static TextTokenizer OfBytes(ModelConfig config)
    {
        var tokens = new string?[config.VocabularySize];
        for (var value = 0; value < 256; value++)
            tokens[value] = ByteAlphabet.ToChar((byte)value).ToString();
        return new TextTokenizer(new BpeVocabulary(tokens, [], new Dictionary<string, int>()), config.BosTokenId, config.EosTokenId);
    }

    /// <summary>Whether an id only pads the vocabulary.</summary>
    public bool IsDead(int id) => _kinds[id] == Kind.Dead;

    /// <summary>Whether a token has no text of its own, such as <c>&lt;|endoftext|&gt;</c>.</summary>
    public bool IsControl(int id) => _kinds[id] == Kind.Control;

    /// <summary>The bytes of a token; not always whole code points. Empty for control and dead tokens. Allocates nothing.</summary>
    public ReadOnlySpan<byte> BytesOf(int id) => _bytes.AsSpan(_offsets[id].._offsets[id + 1]);

    /// <summary>The tokens of a text. Halves of surrogate pairs count as U+FFFD.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="parseControlTokens">Whether control tokens written out in it are control tokens; otherwise they are plain text.</param>
    public int[] Encode(string text, bool parseControlTokens = false) => [.. EncodeToList(text, parseControlTokens)];

    /// <summary><see cref="Encode"/> for callers that come in numbers: of long texts only a few are encoded at once, since each takes memory and time.</summary>
    public async ValueTask<int[]> EncodeAsync(string text, bool parseControlTokens, CancellationToken cancellationToken)
    {
        if (text.Length <= LongText)
            return Encode(text, parseControlTokens);
        return await Task.Factory.StartNew(() => Encode(text, parseControlTokens), cancellationToken, TaskCreationOptions.None, _longTexts).ConfigureAwait(false);
    }

    /// <summary>How many tokens <see cref="Encode"/> gives.</summary>
    public int CountTokens(string text, bool parseControlTokens = false) => EncodeToList(text, parseControlTokens).Count;

    /// <summary>The text of tokens; bytes that are no UTF-8 become U+FFFD, control and dead tokens give nothing.</summary>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidArgument"/>: an id outside the vocabulary, as <c>tokens[i]</c>.</exception>
    public string Decode(ReadOnlySpan<int> ids)
    {
        var bytes = new ArrayBufferWriter<byte>(4 * ids.Length + 1);
        for (var i = 0; i < ids.Length; i++)
        {
            if ((uint)ids[i] >= (uint)VocabularySize)
                throw new InferenceException([new FieldViolation(Line($"tokens[{i}]"), Line($"is {ids[i]}; allowed: 0 to {VocabularySize - 1}"))]);
            bytes.Write(BytesOf(ids[i]));
        }

        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    private List<int> EncodeToList(string text, bool parseControlTokens)
    {
        ArgumentNullException.ThrowIfNull(text);
        var tokens = new List<int>();
        var rest = text.AsSpan();
        for (var start = 0; parseControlTokens && (start = rest.IndexOfAny(_controlSearch)) >= 0;)
        {
            var written = LongestControlAt(rest[start..]);
            EncodePlain(rest[..start], tokens);
            tokens.Add(_control[written]);
            rest = rest[(start + written.Length)..];
        }

        EncodePlain(rest, tokens);
        return tokens;
    }

    private void EncodePlain(ReadOnlySpan<char> text, List<int> tokens)
    {
        for (int start = 0, length; start < text.Length; start += length)
        {
            length = Gpt2Splitter.PieceLength(text, start);
            var piece = text.Slice(start, length);
            if (length > LongPiece || !IsWellFormed(piece))
                _merger.Encode(Encoding.UTF8.GetBytes(piece.ToArray()), tokens);
            else
                tokens.AddRange(_bpe.EncodeToIds(piece, considerPreTokenization: false, considerNormalization: false));
        }
    }

    private string LongestControlAt(ReadOnlySpan<char> text)
    {
        foreach (var written in _controlByLength)
            if (text.StartsWith(written, StringComparison.Ordinal))
                return written;
        throw new InvalidOperationException("The search found what is not there.");
    }

    private int? AsControl(int? id, string field)
    {
        if (id is not { } token)
            return null;
        if ((uint)token >= (uint)VocabularySize)
            throw new InferenceException(InferenceError.InvalidModel, Line($"config.json: {field} is {token}; allowed: 0 to {VocabularySize - 1}."));
        if (_kinds[token] == Kind.Text)
            throw new InferenceException(InferenceError.InvalidModel, Line($"config.json: {field} is {token}, which is an ordinary token of text."));
        _kinds[token] = Kind.Control;
        return token;
    }

    private static BpeMerger CreateMerger(BpeVocabulary vocabulary)
    {
        var byteTokens = new int[256];
        Span<byte> value = stackalloc byte[1];
        for (var id = 0; id < vocabulary.Tokens.Length; id++)
            if (vocabulary.Tokens[id] is { Length: 1 } token && ByteAlphabet.TryToBytes(token, value))
                byteTokens[value[0]] = id;
        var merger = new BpeMerger(byteTokens);
        foreach (var (left, right, result) in vocabulary.Merges)
            merger.TryAdd(left, right, result);
        return merger;
    }

    private static BpeTokenizer CreateLibraryTokenizer(BpeVocabulary vocabulary)
    {
        // Control tokens stay out, so that no text can yield them.
        var tokens = new Dictionary<string, int>();
        for (var id = 0; id < vocabulary.Tokens.Length; id++)
            if (vocabulary.Tokens[id] is { } token)
                tokens.Add(token, id);
        return BpeTokenizer.Create(new BpeOptions(tokens)
        {
            ByteLevel = true,
            Merges = vocabulary.Merges.Select(merge => $"{vocabulary.Tokens[merge.Left]} {vocabulary.Tokens[merge.Right]}"),
        });
    }

    private static bool IsWellFormed(ReadOnlySpan<char> text)
    {
        for (var i = 0; i < text.Length; i++)
            if (char.IsSurrogate(text[i]) && !(i + 1 < text.Length && char.IsSurrogatePair(text[i], text[++i])))
                return false;
        return true;
    }

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
