using System.Text;
using Cottention.Inference.Tokenization;
using Cottention.Training.Text;
using CsCheck;

namespace Cottention.Training.Tests.Text;

public sealed class CorpusTokenizerTests : IDisposable
{
    // The tokenizer remembers words, for one thread at a time.
    private const int OneThread = 1;

    private readonly ToyText _toy = new();
    private readonly CorpusTokenizer _tokenizer;

    public CorpusTokenizerTests() => _tokenizer = _toy.LearnTokenizer();

    public void Dispose() => _toy.Dispose();

    [Fact]
    public void EncodeThenDecode_AnyText_GivesItBack() => Texts().Sample(
        text => Assert.Equal(text, _tokenizer.Decode([.. Encode(text).Select(token => (int)token)])), threads: OneThread);

    [Fact]
    public void Encode_AnyText_EqualsTheServersTokenizerOnTheWhole()
    {
        var config = new TrainingOptions().ModelConfig(_tokenizer.Size);
        var server = TextTokenizer.Load(Path.Combine(_toy.Folder, "tokenizer"), config);

        Texts().Sample(text => Assert.Equal(server.Encode(text), Encode(text).Select(token => (int)token)), threads: OneThread);
    }

    [Fact]
    public void Load_LearntVocabulary_MakesTheEndOfTextAControlToken()
    {
        var config = new TrainingOptions().ModelConfig(_tokenizer.Size);
        var server = TextTokenizer.Load(Path.Combine(_toy.Folder, "tokenizer"), config);

        Assert.Equal(_tokenizer.Size - 1, _tokenizer.EndOfText);
        Assert.True(server.IsControl(_tokenizer.EndOfText));
        Assert.Equal([_tokenizer.EndOfText], server.Encode("<|endoftext|>", parseControlTokens: true));
    }

    [Fact]
    public void Encode_TextOfTheTraining_TakesFewTokens()
    {
        var text = ToyText.Document(1);

        Assert.InRange(Encode(text).Count, 1, text.Length / 2);
    }

    [Fact]
    public void Encode_ControlTokenInText_IsPlainText() =>
        Assert.DoesNotContain((ushort)_tokenizer.EndOfText, Encode("a <|endoftext|> b"));

    [Fact]
    public void ByteCount_OfAllTokens_AddsUpToTheText()
    {
        const string text = "Ann likes na\u00EFve \U0001F600 cats.";

        Assert.Equal(Encoding.UTF8.GetByteCount(text), Encode(text).Sum(token => _tokenizer.ByteCount(token)));
        Assert.Equal(0, _tokenizer.ByteCount(_tokenizer.EndOfText));
    }

    private List<ushort> Encode(string text)
    {
        var tokens = new List<ushort>();
        _tokenizer.Encode(text, tokens);
        return tokens;
    }

    // Words of the toy text, signs, white space, and characters of two to four bytes.
    private static readonly string[] Parts =
    [
        "Ann", " likes", " the", " ball", "'s", "12", " 7", "\n", "  ", "\t", ".", "!?", "\u00E9", "\u4E2D\u6587", "\U0001F600", "z\u0301", "<|endoftext|>", "\u00A0",
    ];

    private static Gen<string> Texts() => Gen.Int[0, Parts.Length - 1].Array.Select(parts => string.Concat(parts.Select(part => Parts[part])));
}
