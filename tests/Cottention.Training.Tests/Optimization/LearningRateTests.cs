using Cottention.Conformance;
using Cottention.Training.Optimization;

namespace Cottention.Training.Tests.Optimization;

public sealed class LearningRateTests
{
    private static readonly LearningRate Rate = new(Peak: 0.01, WarmupSteps: 10, Steps: 111, FinalShare: 0.1);

    [Theory]
    [InlineData(0, 0.001)]
    [InlineData(9, 0.01)]
    [InlineData(10, 0.01)]
    [InlineData(60, 0.0055)]
    [InlineData(110, 0.001)]
    [InlineData(500, 0.001)]
    public void At_Step_IsOnTheCurve(long step, double expected) => Numerics.AssertClose([expected], [Rate.At(step)], 1e-12);

    [Fact]
    public void At_AfterWarmup_NeverRises()
    {
        for (var step = 10; step < 120; step++)
            Assert.True(Rate.At(step + 1) <= Rate.At(step));
    }

    [Fact]
    public void At_NoWarmup_BeginsAtThePeak() =>
        Numerics.AssertClose([0.01], [(Rate with { WarmupSteps = 0 }).At(0)], 1e-12);
}
