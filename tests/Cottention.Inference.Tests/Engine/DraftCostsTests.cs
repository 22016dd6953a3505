using Cottention.Conformance;
using Cottention.Inference.Engine;

namespace Cottention.Inference.Tests.Engine;

public sealed class DraftCostsTests
{
    [Theory]
    [InlineData(1, 10)]
    [InlineData(2, 20)]
    [InlineData(3, 30)]
    [InlineData(4, 30)]
    [InlineData(5, 40)]
    [InlineData(8, 40)]
    public void Of_Tokens_IsTheTilesTheyFit(int tokens, double expected) => Assert.Equal(expected, new DraftCosts(10, 20, 30, 40).Of(tokens));

    [Fact]
    public void Measure_Runner_GivesACostForEverySizeItTakes()
    {
        using var runner = new NaiveModelRunner(TestEngine.Golden, slotCount: 1, maxRows: 8, maxTokens: 4);

        var costs = DraftCosts.Measure(runner, 0, TimeProvider.System);

        Assert.All(new[] { 1, 2, 4 }, tokens => Assert.InRange(costs.Of(tokens), double.Epsilon, 60));
        Assert.Equal(double.PositiveInfinity, costs.Of(8));
    }
}
