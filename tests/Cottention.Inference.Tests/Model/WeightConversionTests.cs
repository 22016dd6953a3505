using System.Runtime.InteropServices;
using Cottention.Conformance;
using Cottention.Inference.Model;

namespace Cottention.Inference.Tests.Model;

public class WeightConversionTests
{
    private static readonly ushort[] AllPatterns = [.. Enumerable.Range(0, 65536).Select(i => (ushort)i)];

    [Fact]
    public void ToSingle_EveryHalf_IsExact()
    {
        var expected = Array.ConvertAll(AllPatterns, bits => (float)BitConverter.UInt16BitsToHalf(bits));

        AssertSameNumbers(expected, Widen(SafetensorsDtype.F16, AllPatterns));
    }

    [Fact]
    public void ToSingle_EveryBFloat16_IsExact()
    {
        var expected = Array.ConvertAll(AllPatterns, bits => BitConverter.Int32BitsToSingle(bits << 16));

        AssertSameNumbers(expected, Widen(SafetensorsDtype.BF16, AllPatterns));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(63)]
    [InlineData(100)]
    public void ToSingle_OddLengthsAndAlignment_ConvertsEveryElement(int length)
    {
        ushort[] source = [.. Enumerable.Range(0, length).Select(i => BitConverter.HalfToUInt16Bits((Half)(i - 7.5)))];
        var shifted = new byte[1 + 2 * length];
        MemoryMarshal.AsBytes(source.AsSpan()).CopyTo(shifted.AsSpan(1));
        var values = new float[length];

        WeightConversion.ToSingle(SafetensorsDtype.F16, shifted.AsSpan(1), values);

        Numerics.AssertSameBits(Array.ConvertAll(source, bits => (float)BitConverter.UInt16BitsToHalf(bits)), values);
    }

    [Fact]
    public void ToSingle_Float32_CopiesBits()
    {
        float[] source = [1, -0f, float.Epsilon, float.NaN, float.NegativeInfinity];
        var values = new float[source.Length];

        WeightConversion.ToSingle(SafetensorsDtype.F32, MemoryMarshal.AsBytes(source.AsSpan()), values);

        Numerics.AssertSameBits(source, values);
    }

    [Fact]
    public void ToSingle_Float64_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => WeightConversion.ToSingle(SafetensorsDtype.F64, new byte[8], new float[1]));

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(62)]
    public void IndexOfNonFinite_OneAmongMany_IsFound(int at)
    {
        foreach (var wrong in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
        {
            var values = Enumerable.Repeat(float.MaxValue, 63).ToArray();
            Assert.Equal(-1, WeightConversion.IndexOfNonFinite(values));

            values[at] = wrong;

            Assert.Equal(at, WeightConversion.IndexOfNonFinite(values));
        }
    }

    private static float[] Widen(SafetensorsDtype dtype, ushort[] source)
    {
        var values = new float[source.Length];
        WeightConversion.ToSingle(dtype, MemoryMarshal.AsBytes(source.AsSpan()), values);
        return values;
    }

    /// <summary>The same bits; of a NaN only that it is one, as its payload means nothing.</summary>
    private static void AssertSameNumbers(float[] expected, float[] actual)
    {
        Assert.Equal(Array.ConvertAll(expected, float.IsNaN), Array.ConvertAll(actual, float.IsNaN));
        Numerics.AssertSameBits(Array.FindAll(expected, x => !float.IsNaN(x)), Array.FindAll(actual, x => !float.IsNaN(x)));
    }
}
