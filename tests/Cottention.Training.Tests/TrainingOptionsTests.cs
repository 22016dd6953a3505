using Cottention.Torch;

namespace Cottention.Training.Tests;

public sealed class TrainingOptionsTests
{
    [Theory]
    [InlineData(256, 3, 64, "The width is 256 and the heads are 3")]
    [InlineData(12, 4, 2, "an even number times the heads")]
    [InlineData(256, 4, 66, "The rotary dim is 66; allowed: even, up to width / heads = 64.")]
    [InlineData(256, 4, 7, "The rotary dim is 7")]
    public void CheckSizes_NoModel_SaysWhy(int width, int heads, int rotaryDim, string message)
    {
        var options = new TrainingOptions { Width = width, Heads = heads, RotaryDim = rotaryDim };

        Assert.Contains(message, Assert.Throws<FormatException>(options.CheckSizes).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(AttentionKind.Cosine, 3, "--carry is 3; allowed: a power of two, 1 to 16384.")]
    [InlineData(AttentionKind.Cosine, 0, "--carry is 0")]
    [InlineData(AttentionKind.Softmax, 16, "Softmax attention cannot carry a state")]
    public void CheckSizes_CarryThatCannotBe_SaysWhy(AttentionKind attention, int carry, string message)
    {
        var options = new TrainingOptions { Attention = attention, Carry = carry };

        Assert.Contains(message, Assert.Throws<FormatException>(options.CheckSizes).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 256)]
    [InlineData(16, 4096)]
    public void ModelConfig_TrainedPositions_AreThoseOfTheLongestCarry(int carry, int positions) =>
        Assert.Equal(positions, new TrainingOptions { Carry = carry }.ModelConfig(1000).TrainedPositions);

    [Fact]
    public void CheckSizes_Defaults_AreAModel() => new TrainingOptions().CheckSizes();

    [Fact]
    public void ModelConfig_Defaults_EndTextsWithTheLastToken()
    {
        var config = new TrainingOptions().ModelConfig(vocabulary: 1000);

        Assert.Equal((999, 999, 1000), (config.BosTokenId, config.EosTokenId, config.VocabularySize));
        Assert.Equal(64, config.HeadDim);
    }
}
