using Cottention.Inference.Runners.Cpu;

namespace Cottention.Inference.Tests.Runners;

public sealed class LoadProgressTests
{
    [Theory]
    [InlineData(0.01, new string[0])]
    [InlineData(0.1, new[] { "20 %", "40 %", "60 %", "80 %" })]
    [InlineData(1.0, new[] { "10 %", "20 %", "30 %", "40 %", "50 %", "60 %", "70 %", "80 %", "90 %" })]
    public void Read_SecondsPerPercent_SaysTheRarer(double secondsPerPercent, string[] expected)
    {
        var (clock, said) = (new Clock(), new List<string>());
        var progress = new LoadProgress((_, _, _, values) => values.Fill(1), 100, (percent, _) => said.Add($"{percent} %"), clock);
        var value = new float[1];

        for (var read = 0; read < 100; read++)
        {
            clock.Now += TimeSpan.FromSeconds(secondsPerPercent);
            progress.Read("any", read, 1, value);
        }

        Assert.Equal(1, value[0]);
        Assert.Equal(expected, said);
        Assert.Equal(100 * secondsPerPercent, progress.Elapsed.TotalSeconds, 1e-3);
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
