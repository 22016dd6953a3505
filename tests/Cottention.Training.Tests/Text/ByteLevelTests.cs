using Cottention.Training.Text;
using CsCheck;

namespace Cottention.Training.Tests.Text;

public sealed class ByteLevelTests
{
    [Theory]
    [InlineData((byte)'!', '!')]
    [InlineData((byte)' ', '\u0120')]
    [InlineData((byte)'\n', '\u010A')]
    [InlineData((byte)0x7F, '\u0121')]
    [InlineData((byte)0xAD, '\u0143')]
    [InlineData((byte)0xFF, '\u00FF')]
    public void Characters_KnownByte_IsThatOfGpt2(byte value, char character) => Assert.Equal(character, ByteLevel.Characters[value]);

    [Fact]
    public void Characters_AreAllDifferent() => Assert.Equal(256, ByteLevel.Characters.Distinct().Count());

    [Fact]
    public void EncodeThenDecode_AnyBytes_GivesThemBack() =>
        Gen.Byte.Array.Sample(bytes => Assert.Equal(bytes, ByteLevel.Decode(ByteLevel.Encode((ReadOnlySpan<byte>)bytes))));

    [Fact]
    public void Words_AnyText_CoverItWithoutGaps() => Gen.String.Sample(text =>
        Assert.Equal(text, string.Concat(ByteLevel.Words().Matches(text).Select(match => match.Value))));

    [Fact]
    public void Words_OfSentence_AreCutAsGpt2Does() => Assert.Equal(
        ["I", "'ll", " take", " 12", " of", "  ", " them", "!?", "\n\n", "Yes"],
        ByteLevel.Words().Matches("I'll take 12 of   them!?\n\nYes").Select(match => match.Value));
}
