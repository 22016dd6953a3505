using Cottention.Training.Display;

namespace Cottention.Training.Tests.Display;

public sealed class EvaluationProgressTests
{
    [Fact]
    public void Add_EveryTenSeconds_SaysHowFarHowFastAndHowLong()
    {
        using var output = new StringWriter { NewLine = "\n" };
        var clock = new Clock();
        var progress = new EvaluationProgress("work", 100_000, output, clock);

        for (var second = 1; second <= 25; second++)
        {
            clock.Seconds = second;
            progress.Add(1000);
        }

        Assert.Equal(
            "work: 10,000 of 100,000 tokens, 1,000 tokens/s, 00:01:30 left\nwork: 20,000 of 100,000 tokens, 1,000 tokens/s, 00:01:20 left\n",
            output.ToString());
        Assert.Equal((25_000, TimeSpan.FromSeconds(25)), (progress.Read, progress.Elapsed));
    }

    private sealed class Clock : TimeProvider
    {
        public int Seconds { get; set; }

        public override long GetTimestamp() => Seconds * TimestampFrequency;
    }
}
