using Cottention.Inference.Tokenization;

namespace Cottention.Inference.Tests.Tokenization;

public sealed class Gpt2SplitterTests
{
    [Theory]
    [InlineData("Hello world", "Hello| world")]
    [InlineData("I'll say 'tis", "I|'ll| say| '|tis")]
    [InlineData("don't DON'T", "don|'t| DON|'|T")]
    [InlineData("a  b   c ", "a| | b|  | c| ")]
    [InlineData("a\n\nb", "a|\n|\n|b")]
    [InlineData("x \n y", "x| \n| y")]
    [InlineData("3.14!?x", "3|.|14|!?|x")]
    [InlineData("𝐀b𝟘1😀.", "𝐀b|𝟘1|😀.")]
    [InlineData(" \u3000é", " |\u3000|é")]
    public void PieceLength_DelicateText_SplitsAsGpt2Does(string text, string pieces)
    {
        Assert.Equal(pieces.Split('|'), Split(text));
    }

    [Fact]
    public void PieceLength_RandomTexts_AgreesWithTheRegularExpression()
    {
        var random = new Random(1);
        for (var round = 0; round < 5000; round++)
        {
            var text = TokenizerCases.Text(random, random.Next(20));

            Assert.Equal(ReferenceBpe.Pieces(text), Split(text));
        }
    }

    private static IEnumerable<string> Split(string text)
    {
        for (int start = 0, length; start < text.Length; start += length)
        {
            length = Gpt2Splitter.PieceLength(text, start);
            yield return text.Substring(start, length);
        }
    }
}
