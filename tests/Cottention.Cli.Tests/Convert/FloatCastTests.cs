using Cottention.Cli.Convert;
using Cottention.Inference.Model;

namespace Cottention.Cli.Tests.Convert;

public class FloatCastTests
{
    [Theory]
    // Halfway between 0x3F80 and 0x3F81: to the even one below; a bit more: up. Halfway above an odd one: up.
    [InlineData(0x3F80_8000u, 0x3F80)]
    [InlineData(0x3F80_8001u, 0x3F81)]
    [InlineData(0x3F81_8000u, 0x3F82)]
    [InlineData(0x3F80_7FFFu, 0x3F80)]
    [InlineData(0xBF80_8001u, 0xBF81)]
    [InlineData(0x8000_0000u, 0x8000)]
    [InlineData(0x0000_0001u, 0x0000)]
    [InlineData(0x0000_8001u, 0x0001)]
    [InlineData(0x7F80_0000u, 0x7F80)]
    [InlineData(0xFF80_0000u, 0xFF80)]
    [InlineData(0x7FFF_FFFFu, 0x7FFF)]
    [InlineData(0x7F80_0001u, 0x7FC0)]
    public void Convert_Float32ToBFloat16_RoundsToNearestEven(uint bits, int expected)
    {
        var target = new byte[2];

        var fits = FloatCast.Convert(SafetensorsDtype.F32, BitConverter.GetBytes(bits), SafetensorsDtype.BF16, target);

        Assert.True(fits);
        Assert.Equal((ushort)expected, BitConverter.ToUInt16(target));
    }

    [Fact]
    public void Convert_EveryBFloat16ThroughFloat32_ComesBack()
    {
        for (var bits = 0; bits <= ushort.MaxValue; bits++)
        {
            byte[] single = new byte[4], back = new byte[2];

            FloatCast.Convert(SafetensorsDtype.BF16, BitConverter.GetBytes((ushort)bits), SafetensorsDtype.F32, single);
            FloatCast.Convert(SafetensorsDtype.F32, single, SafetensorsDtype.BF16, back);

            var quiet = float.IsNaN(BitConverter.ToSingle(single)) ? bits | 0x40 : bits;
            Assert.Equal((ushort)quiet, BitConverter.ToUInt16(back));
        }
    }

    [Theory]
    [InlineData(3.4e38, SafetensorsDtype.F32, true)]
    [InlineData(3.5e38, SafetensorsDtype.F32, false)]
    [InlineData(-1e300, SafetensorsDtype.F32, false)]
    [InlineData(double.PositiveInfinity, SafetensorsDtype.F32, true)]
    [InlineData(double.NaN, SafetensorsDtype.F32, true)]
    [InlineData(3.38e38, SafetensorsDtype.BF16, true)]
    [InlineData(3.4e38, SafetensorsDtype.BF16, false)]
    public void Convert_Float64_SaysWhetherItFits(double value, SafetensorsDtype to, bool expected) =>
        Assert.Equal(expected, FloatCast.Convert(SafetensorsDtype.F64, BitConverter.GetBytes(value), to, new byte[to.ByteSize()]));
}
