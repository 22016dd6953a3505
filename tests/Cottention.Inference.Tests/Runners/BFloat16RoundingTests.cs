using Cottention.Inference.Runners.Cpu;

namespace Cottention.Inference.Tests.Runners;

public class BFloat16RoundingTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(4099)]
    public void Round_ManyValues_EqualsOneByOne(int count)
    {
        var random = new Random(count);
        var values = Enumerable.Range(0, count).Select(_ => BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue))).ToArray();
        var rounded = new ushort[count];

        BFloat16Rounding.Round(values, rounded);

        Assert.Equal(values.Select(BFloat16Rounding.Round), rounded);
    }

    [Theory]
    [InlineData(0x3F808000u, 0x3F80)] // a tie goes to even
    [InlineData(0x3F818000u, 0x3F82)]
    [InlineData(0x3F808001u, 0x3F81)]
    [InlineData(0x7F7FFFFFu, 0x7F80)] // the largest number rounds up to infinity
    [InlineData(0xFF800000u, 0xFF80)]
    [InlineData(0x7F800001u, 0x7FC0)] // a NaN whose upper half alone would be infinity
    [InlineData(0x80000000u, 0x8000)]
    [InlineData(0x00000001u, 0x0000)]
    public void Round_EdgesInAVector_NearestTiesToEven(uint bits, int expected)
    {
        var rounded = new ushort[17];

        BFloat16Rounding.Round(Enumerable.Repeat(BitConverter.UInt32BitsToSingle(bits), 17).ToArray(), rounded);

        Assert.All(rounded, value => Assert.Equal(expected, value));
    }
}
