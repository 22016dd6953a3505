using Cottention.Inference.Tokenization;
using Microsoft.ML.Tokenizers;

namespace Cottention.Inference.Tests.Tokenization;

public sealed class Gpt2TokenizerTests : IDisposable
{
    private const int EndOfText = 50256;

    private static readonly Lazy<TextTokenizer> Padded = new(() => new TextTokenizer(Gpt2Vocabulary.Load(50400), EndOfText, EndOfText));

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cottention-tokenizer-");

    public void Dispose() => _folder.Delete(recursive: true);

    // Known encodings of GPT-2.
    [Theory]
    [InlineData("Hello world", new[] { 15496, 995 })]
    [InlineData("Hello, my dog is cute", new[] { 15496, 11, 616, 3290, 318, 13779 })]
    [InlineData("<|endoftext|>", new[] { 27, 91, 437, 1659, 5239, 91, 29 })]
    [InlineData("", new int[0])]
    public void Encode_KnownText_GivesGpt2Ids(string text, int[] ids)
    {
        Assert.Equal(ids, Padded.Value.Encode(text));
    }

    [Fact]
    public void Encode_ControlTokensParsed_GivesTheControlToken()
    {
        Assert.Equal([15496, EndOfText, 995], Padded.Value.Encode("Hello<|endoftext|> world", parseControlTokens: true));
    }

    [Fact]
    public void Encode_TextOfTheFirstPlane_AgreesWithTheLibrarysOwnGpt2()
    {
        // Another data structure and another algorithm: ranks of whole tokens instead of merges.
        var library = TiktokenTokenizer.CreateForModel("gpt2");
        var random = new Random(1);
        for (var round = 0; round < 2000; round++)
        {
            // Outside the first plane the library's expression sees halves of letters.
            var text = new string([.. TokenizerCases.Text(random, random.Next(20)).Where(letter => !char.IsSurrogate(letter))])
                .Replace("<|endoftext|>", "<|end|>", StringComparison.Ordinal);

            Assert.Equal(library.EncodeToIds(text), Padded.Value.Encode(text));
        }
    }

    [Fact]
    public void Encode_RandomTexts_AgreesWithThePlainEncoder()
    {
        var vocabulary = Gpt2Vocabulary.Load(Gpt2Vocabulary.Size);
        var ids = vocabulary.Tokens.SkipLast(1).Select((token, id) => (token, id)).ToDictionary(entry => entry.token!, entry => entry.id);
        var reference = new ReferenceBpe(ids, vocabulary.Merges.Select(merge => (vocabulary.Tokens[merge.Left]!, vocabulary.Tokens[merge.Right]!)));
        var random = new Random(2);
        for (var round = 0; round < 1000; round++)
        {
            var text = TokenizerCases.Text(random, random.Next(20));

            Assert.Equal(reference.Encode(text), Padded.Value.Encode(text));
            Assert.Equal(text, Padded.Value.Decode(Padded.Value.Encode(text)));
        }
    }

    [Fact]
    public void Encode_EmojiOverSeveralTokens_StreamsWhole()
    {
        // 🦄 is no token of GPT-2.
        var ids = Padded.Value.Encode("🦄");
        var decoder = new TokenStreamDecoder();
        var chunk = new byte[TokenStreamDecoder.MaxOutput(Padded.Value.MaxTokenBytes)];

        var written = ids.Select(id => decoder.Append(Padded.Value.BytesOf(id), chunk)).ToArray();

        Assert.True(ids.Length > 1, $"{ids.Length} tokens");
        Assert.Equal([.. Enumerable.Repeat(0, ids.Length - 1), 4], written);
        Assert.Equal("🦄"u8.ToArray(), chunk[..4]);
    }

    [Fact]
    public void Load_PaddedVocabulary_KnowsItsDeadIds()
    {
        var tokenizer = TextTokenizer.Load(_folder.FullName, TokenizerCases.Config(50400, EndOfText, EndOfText));

        Assert.Equal((50400, 50257), (tokenizer.VocabularySize, tokenizer.TokenCount));
        Assert.Equal(Enumerable.Range(50257, 143), tokenizer.DeadTokens.ToArray());
        Assert.Equal(128, tokenizer.MaxTokenBytes);
        Assert.True(tokenizer.IsControl(EndOfText));
        Assert.Equal((EndOfText, EndOfText), (tokenizer.BosTokenId, tokenizer.EosTokenId));
    }

    [Theory]
    [InlineData(50256)]
    [InlineData(51201)]
    [InlineData(300)]
    public void Load_NoFilesAndNotGpt2Shaped_IsRefusedInOneLine(int vocabularySize)
    {
        var refusal = Assert.Throws<InferenceException>(() => TextTokenizer.Load(_folder.FullName, TokenizerCases.Config(vocabularySize)));

        Assert.Equal(InferenceError.InvalidModel, refusal.Error);
        Assert.Contains($"vocabulary of {vocabularySize} tokens", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
    }
}
