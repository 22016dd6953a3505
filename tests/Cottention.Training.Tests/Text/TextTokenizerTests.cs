using System.Text;
using Cottention.Training.Text;
using CsCheck;
using Microsoft.ML.Tokenizers;

namespace Cottention.Training.Tests.Text;

public sealed class TextTokenizerTests : IDisposable
{
    private readonly ToyText _toy = new();
    private readonly TextTokenizer _tokenizer;

    public TextTokenizerTests() => _tokenizer = _toy.LearnTokenizer();

    public void Dispose() => _toy.Dispose();

    [Fact]
    public void EncodeThenDecode_AnyText_GivesItBack() => Texts().Sample(text =>
        Assert.Equal(text, _tokenizer.Decode(Encode(text).Select(token => (int)token))));

    [Fact]
    public void Encode_AnyText_EqualsMicrosoftTokenizerOnTheWhole()
    {
        var folder = Path.Combine(_toy.Folder, "tokenizer");
        var whole = BpeTokenizer.Create(new BpeOptions(Path.Combine(folder, "vocab.json"), Path.Combine(folder, "merges.txt"))
        {
            ByteLevel = true,
            PreTokenizer = new RegexPreTokenizer(ByteLevel.Words(), specialTokens: null),
        });

        Texts().Sample(text => Assert.Equal(whole.EncodeToIds(text), Encode(text).Select(token => (int)token)));
    }

    [Fact]
    public void Encode_TextOfTheTraining_TakesFewTokens()
    {
        var text = ToyText.Document(1);

        Assert.InRange(Encode(text).Count, 1, text.Length / 3);
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
    private static Gen<string> Texts() => Gen.OneOfConst(
        "Ann", " likes", " the", " ball", "'s", "12", " 7", "\n", "  ", "\t", ".", "!?", "\u00E9", "\u4E2D\u6587", "\U0001F600", "z\u0301", "<|endoftext|>", "\u00A0")
        .Array.Select(parts => string.Concat(parts));
}
