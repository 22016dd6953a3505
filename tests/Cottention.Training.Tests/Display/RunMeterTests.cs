using Cottention.Conformance;
using Cottention.Training.Display;

namespace Cottention.Training.Tests.Display;

public sealed class RunMeterTests
{
    [Fact]
    public void Add_EqualSteps_GivesTheirLossSpeedAndTimeLeft()
    {
        var meter = new RunMeter(steps: 100, tokensPerStep: 50);

        for (var step = 1; step <= 20; step++)
            meter.Add(new StepReport(step, step * 50, 3, 3, 1, 1e-3, TimeSpan.FromSeconds(2)));

        Numerics.AssertClose([3, 25, 160], [meter.MeanLoss, meter.TokensPerSecond, meter.Left.TotalSeconds], 1e-6);
    }
}
