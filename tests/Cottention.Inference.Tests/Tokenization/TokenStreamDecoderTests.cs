using Cottention.Conformance;
using System.Text;
using CsCheck;
using Cottention.Inference.Tokenization;

namespace Cottention.Inference.Tests.Tokenization;

public sealed class TokenStreamDecoderTests
{
    // Leads, continuations and the borders of their valid ranges: most ill-formed sequences are made of these.
    private static readonly byte[] Borders =
    [
        0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF1, 0xF4, 0xF5, 0xFF,
    ];

    private static readonly string[] Texts = ["é", "€", "😀", "a b"];

    private static readonly Gen<byte[]> Chunk = Gen.OneOf(
        Gen.Int[0, Borders.Length - 1].Select(i => Borders[i]).Array[0, 6],
        Gen.Byte.Array[0, 6],
        Gen.Int[0, Texts.Length - 1].Select(i => Encoding.UTF8.GetBytes(Texts[i])));

    [Fact]
    public void Append_ArbitraryBytesAndSplits_EqualsDecodeOfAll()
    {
        Chunk.List[0, 12].Sample(
            chunks =>
            {
                var text = Encoding.UTF8.GetString(chunks.SelectMany(chunk => chunk).ToArray());
                Assert.Equal(text, Strict(Stream(chunks, restart: false)));
                Assert.Equal(text, Strict(Stream(chunks, restart: true)));
            },
            iter: 20_000);
    }

    [Fact]
    public void Append_EmojiOverFourTokens_ComesOutWhole()
    {
        var decoder = new TokenStreamDecoder();
        var chunks = new List<int>();
        var output = new byte[64];

        foreach (var value in "😀"u8.ToArray())
            chunks.Add(decoder.Append([value], output));

        Assert.Equal([0, 0, 0, 4], chunks);
        Assert.Equal("😀"u8.ToArray(), output[..4]);
        Assert.Equal(0, decoder.Flush(output));
    }

    [Fact]
    public void Append_SequenceThatCannotComplete_IsReplacedAtOnce()
    {
        var decoder = new TokenStreamDecoder();
        var output = new byte[64];

        Assert.Equal(0, decoder.Append([0xF0, 0x9F, 0x98], output));
        var written = decoder.Append("A"u8, output);

        Assert.Equal("\uFFFDA", Encoding.UTF8.GetString(output, 0, written));
        Assert.True(decoder.PendingBytes.IsEmpty);
    }

    [Fact]
    public void Flush_HalfACodePoint_GivesOneReplacement()
    {
        var decoder = new TokenStreamDecoder();
        var output = new byte[64];
        decoder.Append([0xE2, 0x82], output);

        Assert.Equal([0xE2, 0x82], decoder.PendingBytes.ToArray());
        Assert.Equal(3, decoder.Flush(output));
        Assert.Equal("\uFFFD", Encoding.UTF8.GetString(output, 0, 3));
        Assert.Equal(0, decoder.Flush(output));
    }

    [Theory]
    [InlineData(new byte[] { 0x41 })]
    [InlineData(new byte[] { 0xC3, 0xA9 })]
    [InlineData(new byte[] { 0x80 })]
    [InlineData(new byte[] { 0xE2, 0x82, 0xAC, 0xE2 })]
    [InlineData(new byte[] { 0xF0, 0x9F, 0x98, 0x80, 0x41 })]
    public void Restore_BytesThatBeginNoCodePoint_Throws(byte[] pending)
    {
        Assert.Throws<ArgumentException>(() => new TokenStreamDecoder().Restore(pending));
    }

    [Fact]
    public void Append_InSteadyState_AllocatesNothing()
    {
        var decoder = new TokenStreamDecoder();
        var output = new byte[64];
        decoder.Append([0xF0, 0x9F], output);
        decoder.Append([0x98, 0x80, 0xFF], output);

        var allocated = Allocations.Of(() =>
        {
            for (var i = 0; i < 1000; i++)
            {
                decoder.Append([0xF0, 0x9F], output);
                decoder.Append([0x98, 0x80, 0xFF], output);
            }
        });

        Assert.Equal(0, allocated);
    }

    private static byte[] Stream(IEnumerable<byte[]> chunks, bool restart)
    {
        var decoder = new TokenStreamDecoder();
        var all = new List<byte>();
        foreach (var chunk in chunks)
        {
            if (restart)
            {
                var pending = decoder.PendingBytes.ToArray();
                decoder = new TokenStreamDecoder();
                decoder.Restore(pending);
            }

            // Exactly as long as promised: a byte too many would throw.
            var output = new byte[TokenStreamDecoder.MaxOutput(chunk.Length)];
            all.AddRange(output[..decoder.Append(chunk, output)]);
        }

        var last = new byte[3];
        all.AddRange(last[..decoder.Flush(last)]);
        return [.. all];
    }

    // Throws on anything that is not valid UTF-8.
    private static string Strict(byte[] bytes) => new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
}
