using System.Text;
using Cottention.Inference.Tokenization;

namespace Cottention.Inference.Tests.Tokenization;

public sealed class TextTokenizerTests
{
    private static readonly TextTokenizer Small = TokenizerCases.LoadSmall();

    [Fact]
    public void Encode_RandomTexts_AgreesWithThePlainEncoder()
    {
        var reference = TokenizerCases.SmallReference();
        var random = new Random(1);
        for (var round = 0; round < 3000; round++)
        {
            var text = TokenizerCases.Text(random, random.Next(12));

            Assert.Equal(reference.Encode(text), Small.Encode(text));
        }
    }

    [Fact]
    public void Encode_LongPieces_AgreesWithThePlainEncoder()
    {
        // 250 to 270 chars lie on both sides of the switch to the merger for long pieces.
        var reference = TokenizerCases.SmallReference();
        var random = new Random(2);
        foreach (var length in new[] { 250, 255, 256, 257, 258, 270, 999 })
            foreach (var alphabet in new[] { "a", "athe", " ", "日本", "😀😁" })
            {
                var letters = alphabet.EnumerateRunes().ToArray();
                var text = " " + string.Concat(Enumerable.Range(0, length).Select(_ => letters[random.Next(letters.Length)].ToString()));

                Assert.Equal(reference.Encode(text), Small.Encode(text));
            }
    }

    [Theory]
    [InlineData('a', 16)]
    [InlineData(' ', 12)]
    public void Encode_OneEndlessPiece_IsNotQuadratic(char letter, int longestToken)
    {
        // Quadratic work on a million chars would run for minutes.
        const int Length = 1_000_000;
        var text = new string(letter, Length);

        var tokens = Small.Encode(text);

        Assert.InRange(tokens.Length, Length / longestToken, Length / 4);
        Assert.Equal(text, Small.Decode(tokens));
    }

    [Fact]
    public void Decode_EncodedText_GivesTheTextBack()
    {
        var random = new Random(3);
        for (var round = 0; round < 1000; round++)
        {
            var text = TokenizerCases.Text(random, random.Next(30));

            var tokens = Small.Encode(text);

            Assert.Equal(text, Small.Decode(tokens));
            Assert.Equal(tokens.Length, Small.CountTokens(text));
            Assert.Equal(Encoding.UTF8.GetBytes(text), tokens.SelectMany(id => Small.BytesOf(id).ToArray()));
        }
    }

    [Theory]
    [InlineData("\uD83D")]
    [InlineData("\uDE00")]
    [InlineData("a\uDE00\uD83Db")]
    [InlineData("\uD83D\uD83D\uDE00 \uD83D")]
    public void Encode_HalfASurrogatePair_CountsAsReplacementCharacter(string text)
    {
        var clean = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));

        Assert.Equal(Small.Encode(clean), Small.Encode(text));
        Assert.Equal(clean, Small.Decode(Small.Encode(text)));
    }

    [Fact]
    public void Encode_PlainText_NeverYieldsControlTokens()
    {
        var random = new Random(4);
        for (var round = 0; round < 1000; round++)
            Assert.DoesNotContain(Small.Encode(TokenizerCases.Text(random, 20) + "<|endoftext|>"), id => Small.IsControl(id) || Small.IsDead(id));
    }

    [Fact]
    public void Encode_ControlTokensParsed_SplitsTheTextAtThem()
    {
        var expected = new[] { Small.Encode("Tom "), [0], [0], Small.Encode(" the  "), [0] }.SelectMany(ids => ids);

        Assert.Equal(expected, Small.Encode("Tom <|endoftext|><|endoftext|> the  <|endoftext|>", parseControlTokens: true));
        Assert.Equal(Small.Encode("<|endoftext"), Small.Encode("<|endoftext", parseControlTokens: true));
    }

    [Fact]
    public void Decode_ControlAndDeadTokens_GiveNothing()
    {
        Assert.Equal(" the", Small.Decode([0, .. Small.Encode(" the"), 0, 383]));
        Assert.Equal(0, Small.BytesOf(0).Length);
        Assert.Equal(0, Small.BytesOf(383).Length);
    }

    [Fact]
    public void Decode_BytesOfHalfAnEmoji_BecomeOneReplacementCharacter()
    {
        var bytes = new byte[] { 0xF0, 0x9F, 0x98 };
        var ids = bytes.Select(value => Enumerable.Range(0, 384).Single(id => Small.BytesOf(id).SequenceEqual([value])));

        Assert.Equal("\uFFFD", Small.Decode([.. ids]));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(384)]
    [InlineData(int.MaxValue)]
    public void Decode_UnknownId_IsRefusedByName(int id)
    {
        var refusal = Assert.Throws<InferenceException>(() => Small.Decode([1, id]));

        Assert.Equal(InferenceError.InvalidArgument, refusal.Error);
        Assert.Equal([new FieldViolation("tokens[1]", $"is {id}; allowed: 0 to 383")], refusal.Violations);
    }

    [Fact]
    public void Load_SmallFolder_ClassifiesEveryId()
    {
        Assert.Equal((384, 353), (Small.VocabularySize, Small.TokenCount));
        Assert.Equal([0], Enumerable.Range(0, 384).Where(Small.IsControl));
        Assert.Equal(Enumerable.Range(353, 31), Small.DeadTokens.ToArray());
        Assert.Equal((0, 0), (Small.BosTokenId, Small.EosTokenId));
        Assert.Equal(16 + 1, Small.MaxTokenBytes);
        Assert.Equal(new Dictionary<string, int> { ["<|endoftext|>"] = 0 }, Small.ControlTokens);
    }

    [Fact]
    public async Task Encode_ManyThreads_GiveTheSameTokens()
    {
        var texts = Enumerable.Range(0, 50).Select(seed => TokenizerCases.Text(new Random(seed), 40)).ToArray();
        var expected = texts.Select(text => TokenizerCases.LoadSmall().Encode(text)).ToArray();

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < texts.Length; i++)
                Assert.Equal(expected[i], Small.Encode(texts[i]));
        })));
    }

    [Fact]
    public void StreamDecoder_TokensOneByOne_GiveTheDecodeOfAll()
    {
        var random = new Random(5);
        for (var round = 0; round < 1000; round++)
        {
            // Any tokens in any order: half of them break code points apart.
            var ids = Enumerable.Range(0, random.Next(20)).Select(_ => random.Next(384)).ToArray();
            var decoder = new TokenStreamDecoder();
            var (text, chunk) = (new List<byte>(), new byte[TokenStreamDecoder.MaxOutput(Small.MaxTokenBytes)]);
            foreach (var id in ids)
                text.AddRange(chunk[..decoder.Append(Small.BytesOf(id), chunk)]);
            text.AddRange(chunk[..decoder.Flush(chunk)]);

            Assert.Equal(Small.Decode(ids), new UTF8Encoding(false, throwOnInvalidBytes: true).GetString([.. text]));
        }
    }

    [Fact]
    public void OfBytes_AnyText_HasOneTokenForEachByte()
    {
        var tokenizer = TextTokenizer.OfBytes(TokenizerCases.Config(300, eos: 299));

        Assert.Equal([0x68, 0xC3, 0xA9], tokenizer.Encode("hé"));
        Assert.True(tokenizer.IsControl(299));
        Assert.Equal(257, tokenizer.TokenCount);
    }
}
