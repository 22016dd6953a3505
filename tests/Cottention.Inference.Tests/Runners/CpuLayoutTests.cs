using Cottention.Inference.Runners.Cpu;
using CsCheck;

namespace Cottention.Inference.Tests.Runners;

public sealed class CpuLayoutTests
{
    [Fact]
    public void BlockShare_AnySizes_CoverEverythingOnce() =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 24], Gen.Int[1, 300], Gen.Int[1, 40], Gen.Int[1, 2], Gen.Int[1, 2]).Sample((heads, panelsPerHead, inner, threads, headStep, panelStep) =>
        {
            var shares = BlockShare.Split(heads, panelsPerHead, inner, threads, headStep, panelStep);

            Assert.Equal((0, 0), (shares[0].FirstHead, shares[0].FirstInnerPanel));
            Assert.Equal((heads, inner), (shares[^1].EndHead, shares[^1].EndInnerPanel));
            Assert.All(shares, share => Assert.True(share.FirstHead <= share.EndHead && share.FirstInnerPanel <= share.EndInnerPanel));
            Assert.All(shares.Where(share => share.FirstHead < heads), share => Assert.Equal(0, share.FirstHead % headStep));
            Assert.All(shares.Where(share => share.FirstInnerPanel < inner), share => Assert.Equal(0, share.FirstInnerPanel % panelStep));
            for (var i = 1; i < threads; i++)
                Assert.Equal((shares[i - 1].EndHead, shares[i - 1].EndInnerPanel), (shares[i].FirstHead, shares[i].FirstInnerPanel));
        });

    [Fact]
    public void BlockShare_HeadsThatDoNotDivide_MlpMakesUpForThem()
    {
        // 16 heads of 12 panels and 192 panels of MLP: 384 in all, 128 for each of three threads.
        var shares = BlockShare.Split(heads: 16, panelsPerHead: 12, innerPanels: 192, threads: 3, headStep: 1, panelStep: 2);

        Assert.All(shares, share => Assert.Equal(128, ((share.EndHead - share.FirstHead) * 12) + share.EndInnerPanel - share.FirstInnerPanel));
    }

    [Theory]
    [InlineData(1f, 0x3F80)]
    [InlineData(-2f, 0xC000)]
    [InlineData(1.00390625f, 0x3F80)]
    [InlineData(1.01171875f, 0x3F82)]
    [InlineData(1.0039064f, 0x3F81)]
    [InlineData(float.PositiveInfinity, 0x7F80)]
    [InlineData(float.MaxValue, 0x7F80)]
    [InlineData(0f, 0)]
    public void Round_Float_ToNearestTiesToEven(float value, int expected) => Assert.Equal(expected, BFloat16Rounding.Round(value));

    [Fact]
    public void Round_NaN_StaysNaN() => Assert.True(float.IsNaN(BFloat16Rounding.Widen(BFloat16Rounding.Round(BitConverter.Int32BitsToSingle(0x7F800001)))));

    [Fact]
    public void Round_EveryBFloat16_IsExact() =>
        Assert.All(Enumerable.Range(0, 0x7F80).Select(i => (ushort)i), bits => Assert.Equal(bits, BFloat16Rounding.Round(BFloat16Rounding.Widen(bits))));
}
