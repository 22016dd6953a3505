using Spectre.Console;

namespace Cottention.Cli;

/// <summary>How far a command is with the bytes of a file.</summary>
internal static class ByteProgress
{
    /// <summary>Runs the work with a bar on a terminal, with nothing elsewhere.</summary>
    /// <param name="name">What is done.</param>
    /// <param name="total">Bytes in all.</param>
    /// <param name="work">Told how to report bytes done since the last call.</param>
    public static T Show<T>(string name, long total, Func<Action<long>, T> work) => Console.IsErrorRedirected
        ? work(_ => { })
        : AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) }).Progress()
            .Columns(new ProgressBarColumn(), new PercentageColumn(), new TransferSpeedColumn(), new RemainingTimeColumn())
            .Start(context =>
            {
                var bar = context.AddTask(name, maxValue: total);
                return work(done => bar.Increment(done));
            });
}
