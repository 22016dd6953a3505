using Cottention.Inference;
using Cottention.Inference.Runners;
using Cottention.Server.Hosting;

namespace Cottention.Server.Tests.Hosting;

public sealed class StateBudgetTests
{
    // The 300M model of the paper has 5 MiB a state.
    private static readonly RunnerMemory Runner = new(600L << 20, 5L << 20, 40L << 20);

    [Theory]
    [InlineData(4096, 2048, 409)]
    [InlineData(1000, 360, 72)]
    [InlineData(600, 0, 0)]
    public void Of_NothingSetOnProcessors_IsHalfOrWhatIsLeft(long availableMiB, long expectedMiB, long sessions)
    {
        var budget = StateBudget.Of(0, Runner, DeviceMemory.OfProcess(availableMiB << 20));

        Assert.Equal((expectedMiB << 20, sessions), (budget.Bytes, budget.SessionsThatFit));
    }

    [Theory]
    [InlineData(4096, 3456)]
    [InlineData(1000, 360)]
    public void Of_NothingSetOnACard_IsWhatWeightsAndStepsLeave(long freeMiB, long expectedMiB) =>
        Assert.Equal(expectedMiB << 20, StateBudget.Of(0, Runner, DeviceMemory.OfCard("cuda:0", freeMiB << 20)).Bytes);

    [Theory]
    [InlineData(50, 50)]
    [InlineData(360, 360)]
    [InlineData(361, 360)]
    public void Of_SetOnACard_IsAtMostWhatIsLeft(int setMiB, long expectedMiB) =>
        Assert.Equal(expectedMiB << 20, StateBudget.Of(setMiB, Runner, DeviceMemory.OfCard("cuda:0", 1000L << 20)).Bytes);

    [Fact]
    public void Of_CardThatNobodyCanAsk_WantsItSet()
    {
        var card = DeviceMemory.OfCard("cuda:0", freeBytes: null);

        var refusal = Assert.Throws<InferenceException>(() => StateBudget.Of(0, Runner, card));

        Assert.Equal("how much memory is free on cuda:0 is not known without the native library; allowed: a --state-budget-mib", refusal.Message);
        Assert.Equal(50L << 20, StateBudget.Of(50, Runner, card).Bytes);
    }

    [Theory]
    [InlineData(50, false, "the state budget is 50.0 MiB, as set; allowed: at most 10 slots, or a larger --state-budget-mib")]
    [InlineData(0, false, "the state budget is 50.0 MiB, of 690 MiB that this process may use; allowed: at most 10 slots, or a larger --state-budget-mib")]
    [InlineData(0, true, "the state budget is 50.0 MiB, what weights and steps leave of 690 MiB free on cuda:1; allowed: at most 10 slots, or another --device")]
    public void Check_OneSlotTooMany_SaysHowManyFitAndWhy(int setMiB, bool onACard, string expected)
    {
        var budget = StateBudget.Of(setMiB, Runner, onACard ? DeviceMemory.OfCard("cuda:1", 690L << 20) : DeviceMemory.OfProcess(690L << 20));

        budget.Check(10);
        var refusal = Assert.Throws<InferenceException>(() => budget.Check(11));

        Assert.Equal($"slots is 11 and a state takes 5.00 MiB, 55.0 MiB in all; {expected}", refusal.Message);
    }
}
