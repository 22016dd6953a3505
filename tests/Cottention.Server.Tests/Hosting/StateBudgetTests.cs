using Cottention.Inference;
using Cottention.Inference.Model;
using Cottention.Server.Hosting;

namespace Cottention.Server.Tests.Hosting;

public sealed class StateBudgetTests
{
    // The 300M model of the paper: 5 MiB a state.
    private static readonly StateLayout Layout = new(20, 16, 64, 64);

    [Fact]
    public void Of_NoBudgetSet_IsHalfOfWhatIsAvailable()
    {
        var budget = StateBudget.Of(new ServerOptions(), Layout, availableBytes: 1L << 30);

        Assert.Equal((512L << 20, 102), (budget.Bytes, budget.SessionsThatFit));
    }

    [Fact]
    public void Check_OneSlotTooMany_SaysHowManyFit()
    {
        var budget = StateBudget.Of(new ServerOptions { StateBudgetMiB = 50 }, Layout, availableBytes: 0);

        budget.Check(10);
        var refusal = Assert.Throws<InferenceException>(() => budget.Check(11));
        Assert.Contains("at most 10 slots", refusal.Message, StringComparison.Ordinal);
    }
}
