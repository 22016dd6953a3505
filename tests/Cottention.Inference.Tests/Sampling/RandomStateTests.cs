using Cottention.Inference.Sampling;

namespace Cottention.Inference.Tests.Sampling;

public sealed class RandomStateTests
{
    // Known answers of philox4x32-10 from the authors' library Random123 (tests/kat_vectors): key, counter and result as 32-bit words.
    [Theory]
    [InlineData(0x00000000_00000000ul, 0x00000000_00000000ul, 0x00000000_00000000ul, 0xe169c58d_6627e8d5ul, 0x9b00dbd8_bc57ac4cul)]
    [InlineData(0xffffffff_fffffffful, 0xffffffff_fffffffful, 0xffffffff_fffffffful, 0x41c83b0e_408f276dul, 0x6d5451fd_a20bc7c6ul)]
    [InlineData(0x299f31d0_a4093822ul, 0x85a308d3_243f6a88ul, 0x03707344_13198a2eul, 0x94fdcceb_d16cfe09ul, 0x24126ea1_5001e420ul)]
    public void Block_KnownInput_GivesPublishedBits(ulong key, ulong counterLow, ulong counterHigh, ulong low, ulong high)
    {
        Assert.Equal((low, high), Philox.Block(key, counterLow, counterHigh));
    }

    [Fact]
    public void Uniform_SameSeedAndPosition_IsAFixedNumber()
    {
        // Pinned: a snapshot taken by one release must go on the same way in the next.
        Assert.Equal((0xe169c58d_6627e8d5ul >> 11) / (double)(1ul << 53), new RandomState(0).Uniform(0));
        Assert.Equal(new RandomState(7).Uniform(1L << 40), new RandomState(7).Uniform(1L << 40));
        Assert.NotEqual(new RandomState(7).Uniform(1), new RandomState(8).Uniform(1));
        Assert.NotEqual(new RandomState(7).Uniform(1), new RandomState(7).Uniform(2));
        Assert.NotEqual(new RandomState(7).Uniform(1), new RandomState(7, Stream: 1).Uniform(1));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(ulong.MaxValue, 123_456_789_012)]
    public void Uniform_ConsecutivePositions_IsUniform(ulong seed, long first)
    {
        const int Draws = 100_000;
        const int Bins = 100;
        var counts = new int[Bins];

        for (var i = 0; i < Draws; i++)
            counts[(int)(new RandomState(seed).Uniform(first + i) * Bins)]++;

        // 99 degrees of freedom: mean 99, standard deviation 14; 160 is above the 99.99% quantile.
        var chiSquare = counts.Sum(count => Math.Pow(count - Draws / (double)Bins, 2) / (Draws / (double)Bins));
        Assert.InRange(chiSquare, 50, 160);
    }

    [Fact]
    public void Uniform_NeighbouringPositionsAndSeeds_AreUncorrelated()
    {
        const int Draws = 100_000;
        var (position, seed) = (0.0, 0.0);

        for (var i = 0; i < Draws; i++)
        {
            var here = new RandomState(5).Uniform(i) - 0.5;
            position += here * (new RandomState(5).Uniform(i + 1) - 0.5);
            seed += here * (new RandomState(6).Uniform(i) - 0.5);
        }

        // Correlation = sum / (n / 12); its standard deviation is 1 / sqrt(n) = 0.0032.
        Assert.InRange(position / (Draws / 12.0), -0.013, 0.013);
        Assert.InRange(seed / (Draws / 12.0), -0.013, 0.013);
    }
}
