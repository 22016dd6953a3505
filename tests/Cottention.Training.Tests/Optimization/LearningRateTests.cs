using Cottention.Conformance;
using Cottention.Training.Optimization;

namespace Cottention.Training.Tests.Optimization;

public sealed class LearningRateTests
{
    private static readonly LearningRate Rate = new(Peak: 2, WarmupSteps: 4, Steps: 20, DecayShare: 0.5, FinalShare: 0.1);

    [Theory]
    [InlineData(0, 0.5)]
    [InlineData(1, 1.0)]
    [InlineData(3, 2.0)]
    [InlineData(10, 2.0)]
    [InlineData(13, 1.4)]
    [InlineData(19, 0.2)]
    [InlineData(1000, 0.2)]
    public void At_RisesStaysAndFalls(long step, double expected) => Numerics.AssertClose([expected], [Rate.At(step)], 1e-12);

    [Fact]
    public void At_BeforeTheFall_IsTheSameForALongerRun()
    {
        var longer = Rate with { Steps = 2000 };

        for (var step = 0; step <= 10; step++)
            Assert.Equal(Rate.At(step), longer.At(step));
    }

    [Fact]
    public void At_NoWarmup_BeginsAtThePeak() => Assert.Equal(2, (Rate with { WarmupSteps = 0 }).At(0));

    [Fact]
    public void At_NoDecay_StaysAtThePeak() => Assert.Equal(2, (Rate with { DecayShare = 0 }).At(18));
}
