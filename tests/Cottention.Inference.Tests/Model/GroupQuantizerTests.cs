using Cottention.Inference.Model;
using CsCheck;

namespace Cottention.Inference.Tests.Model;

public sealed class GroupQuantizerTests
{
    // Groups of so small weights become 0.
    private const double Nothing = 1e-30;

    private static readonly Gen<float[]> Rows = Gen.Select(Gen.Float[-3f, 3f].Array[1, 200], Gen.Int[-110, 125]).Select((row, exponent) =>
        Array.ConvertAll(row, value => MathF.ScaleB(value, exponent)));

    [Fact]
    public void ToInt8_AnyRow_IsWithinHalfAStepOfItsScale() => Rows.Sample(row =>
    {
        var (integers, scales) = Quantize(row, bits: 8);

        for (var i = 0; i < row.Length; i++)
        {
            var scale = scales[i / 32];
            // A scale that bfloat16 made too small cuts the largest values by up to a quarter of a step.
            Assert.True(Math.Abs(row[i] - ((double)integers[i] * scale)) <= (0.5001 * scale) + Nothing, $"{row[i]} became {integers[i]} * {scale}");
            Assert.InRange(integers[i], -127, 127);
        }
    });

    [Fact]
    public void ToInt4_AnyRow_IsNoWorseThanTheLargestValueAsSeven() => Rows.Sample(row =>
    {
        var (integers, scales) = Quantize(row, bits: 4);

        for (var group = 0; group < scales.Length; group++)
        {
            var values = row.Skip(32 * group).Take(32).ToArray();
            var step = values.Max(MathF.Abs) / 7;
            var plain = values.Sum(v => Square(v - (step == 0 ? 0 : Math.Clamp(Math.Round(v / step), -8, 7) * step)));
            var error = values.Select((v, i) => Square(v - ((double)integers[(32 * group) + i] * scales[group]))).Sum();
            // The plain scale is not rounded to bfloat16, which costs up to 2^-9 of each value.
            Assert.True(Math.Sqrt(error) <= Math.Sqrt(plain) + (values.Sum(v => Math.Abs(v)) / 256) + (values.Length * Nothing), $"{error} against {plain}");
        }

        Assert.All(integers, integer => Assert.InRange(integer, -8, 7));
    });

    [Theory]
    [InlineData(8)]
    [InlineData(4)]
    public void Quantize_WhatItMade_GivesBackTheSameValues(int bits) => Rows.Sample(row =>
    {
        var once = Round(row, bits);

        Assert.Equal(once, Round(once, bits));
    });

    [Theory]
    [InlineData(8)]
    [InlineData(4)]
    public void Quantize_Scales_AreExactInBFloat16(int bits) => Rows.Sample(row =>
        Assert.All(Quantize(row, bits).Scales, scale => Assert.Equal(0, BitConverter.SingleToInt32Bits(scale) & 0xFFFF)));

    // The weights of float32's whole range, or none at all.
    [Theory]
    [InlineData(8)]
    [InlineData(4)]
    public void Quantize_TimesAPowerOfTwo_SameIntegers(int bits) => Rows.Sample(row =>
    {
        var tame = Array.ConvertAll(row, value => value is > -3f and < 3f ? value : 1f);
        var (integers, scales) = Quantize(tame, bits);
        var (larger, largerScales) = Quantize(Array.ConvertAll(tame, value => value * MathF.ScaleB(1f, 120)), bits);

        foreach (var (group, scale) in scales.Index().Where(s => s.Item != 0f))
        {
            Assert.Equal(scale * MathF.ScaleB(1f, 120), largerScales[group]);
            Assert.Equal(integers.Skip(32 * group).Take(32), larger.Skip(32 * group).Take(32));
        }
    });

    [Theory]
    [InlineData(8)]
    [InlineData(4)]
    public void Quantize_Zeroes_StayZeroes(int bits)
    {
        var (integers, scales) = Quantize(new float[70], bits);

        Assert.All(integers, integer => Assert.Equal(0, integer));
        Assert.All(scales, scale => Assert.Equal(0f, scale));
    }

    [Fact]
    public void ToInt8_KnownRow_LargestBecomes127() =>
        Assert.Equal(new sbyte[] { 127, -64, 0, 1 }, Quantize([1.984375f, -1f, 0f, 0.015625f], bits: 8).Integers);

    [Fact]
    public void ToInt4_KnownRow_ExtremeBecomesMinusEight()
    {
        var (integers, scales) = Quantize([2f, -1f, 0f, 0.25f], bits: 4);

        Assert.Equal(new sbyte[] { -8, 4, 0, -1 }, integers);
        Assert.Equal([-0.25f], scales);
    }

    [Fact]
    public void Quantize_LengthsThatDoNotFit_Throw()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => GroupQuantizer.ToInt8(new float[33], new sbyte[32], new float[2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => GroupQuantizer.ToInt4(new float[33], new sbyte[33], new float[1]));
    }

    private static double Square(double x) => x * x;

    private static (sbyte[] Integers, float[] Scales) Quantize(float[] row, int bits)
    {
        var integers = new sbyte[row.Length];
        var scales = new float[GroupQuantizer.GroupCount(row.Length)];
        if (bits == 8)
            GroupQuantizer.ToInt8(row, integers, scales);
        else
            GroupQuantizer.ToInt4(row, integers, scales);
        return (integers, scales);
    }

    private static float[] Round(float[] row, int bits)
    {
        var (integers, scales) = Quantize(row, bits);
        return [.. integers.Select((integer, i) => integer * scales[i / 32])];
    }
}
