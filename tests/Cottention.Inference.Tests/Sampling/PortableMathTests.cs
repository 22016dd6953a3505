using System.Runtime.Intrinsics;
using Cottention.Conformance;
using Cottention.Inference.Sampling;

namespace Cottention.Inference.Tests.Sampling;

public sealed class PortableMathTests
{
    [Fact]
    public void Exp_WholeRange_AgreesWithThePlatform()
    {
        var ratios = new List<double>();
        for (var x = 0.0; x >= -699; x -= 0.0137)
            ratios.Add(Exp(x) / Math.Exp(x));

        Numerics.AssertClose([.. ratios.Select(_ => 1.0)], [.. ratios], 1e-15, "exp ratio");
    }

    [Fact]
    public void Exp_Borders_AreExact()
    {
        Assert.Equal(1, Exp(0));
        Assert.Equal(1, Exp(-0.0));
        Assert.Equal(0, Exp(-700.001));
        Assert.Equal(0, Exp(-1e300));
        Assert.Equal(0, Exp(double.NegativeInfinity));
    }

    [Fact]
    public void Log_WholeRange_AgreesWithThePlatform()
    {
        var (expected, actual) = (new List<double>(), new List<double>());
        for (var x = 1e-9; x < 1e9; x *= 1.00371)
        {
            expected.Add(Math.Log(x));
            actual.Add(PortableMath.Log(x));
        }

        Numerics.AssertClose([.. expected], [.. actual], 1e-14, "ln");
        Assert.Equal(0, PortableMath.Log(1));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(63)]
    [InlineData(1000)]
    public void Weigh_AnyLength_GivesTheSoftmaxWeights(int n)
    {
        var logits = SamplingCases.Logits(new Random(n), n);
        var max = logits.Max();
        var weights = new double[n];

        var total = Softmax.Weigh(logits, max, 0.7f, weights);

        double[] expected = [.. logits.Select(logit => Math.Exp(((double)logit - max) / 0.7f))];
        Numerics.AssertClose(expected, weights, 1e-14, "weights");
        Numerics.AssertClose([expected.Sum(), expected.Sum()], [total, Softmax.Sum(weights)], 1e-11, "total");
    }

    [Fact]
    public void Weigh_FixedInput_GivesPinnedBits()
    {
        // Pinned to the bit: the promise that a seed gives the same tokens on every machine rests on it.
        var logits = SamplingCases.PortableLogits(77);
        var weights = new double[77];

        var total = Softmax.Weigh(logits, logits.Max(), 0.9f, weights);

        Assert.Equal(4618249241961607912, BitConverter.DoubleToInt64Bits(total));
    }

    private static double Exp(double x) => PortableMath.Exp(Vector512.Create(x))[5];
}
