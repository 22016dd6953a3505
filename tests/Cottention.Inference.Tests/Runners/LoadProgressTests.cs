using Cottention.Inference.Runners.Cpu;
using Microsoft.Extensions.Logging;

namespace Cottention.Inference.Tests.Runners;

public sealed class LoadProgressTests
{
    [Theory]
    [InlineData(0.01, new string[0])]
    [InlineData(0.1, new[] { "20 %", "40 %", "60 %", "80 %" })]
    [InlineData(1.0, new[] { "10 %", "20 %", "30 %", "40 %", "50 %", "60 %", "70 %", "80 %", "90 %" })]
    public void Read_SecondsPerPercent_SaysTheRarer(double secondsPerPercent, string[] expected)
    {
        var (clock, logger) = (new Clock(), new Lines());
        var progress = new LoadProgress((_, _, _, values) => values.Fill(1), 100, logger, clock);
        var value = new float[1];

        for (var read = 0; read < 100; read++)
        {
            clock.Now += TimeSpan.FromSeconds(secondsPerPercent);
            progress.Read("any", read, 1, value);
        }

        Assert.Equal(1, value[0]);
        Assert.Equal(expected, logger.Texts.Select(text => text["Packed ".Length..(text.IndexOf('%') + 1)]));
        Assert.Equal(100 * secondsPerPercent, progress.Elapsed.TotalSeconds, 1e-3);
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }

    private sealed class Lines : ILogger
    {
        public List<string> Texts { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Texts.Add(formatter(state, exception));
    }
}
