using Cottention.Inference.Model;
using Cottention.Inference.Tokenization;

namespace Cottention.Inference.Tests.Tokenization;

public sealed class Gpt2TokenizerTests
{
    private const int EndOfText = 50256;

    private static readonly Lazy<TextTokenizer> Padded = new(() => Load(50400));

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

    private static TextTokenizer Load(int vocabularySize)
    {
        var folder = Directory.CreateTempSubdirectory("cottention-tokenizer-");
        try
        {
            return TextTokenizer.Load(folder.FullName, new ModelConfig
            {
                EmbeddingSize = 64,
                HeadCount = 4,
                LayerCount = 1,
                InnerSize = 256,
                VocabularySize = vocabularySize,
                RotaryDim = 16,
                TrainedPositions = 128,
                BosTokenId = EndOfText,
                EosTokenId = EndOfText,
            });
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
