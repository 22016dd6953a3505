using System.CommandLine;
using Cottention.Training.Comparison;
using static Cottention.Training.Commands.Options;

namespace Cottention.Training.Commands;

/// <summary><c>compare</c>: cosine attention against softmax attention, measured.</summary>
internal static class CompareCommand
{
    // Small enough for an evening on a laptop.
    private static readonly TrainingOptions Defaults = new()
    {
        Width = 192, Heads = 3, Layers = 4, Inner = 768, Batch = 8, Warmup = 100, Steps = 1500,
    };

    private const int Interrupted = 130;

    /// <summary>The command, ready to be added to the root.</summary>
    public static Command Create()
    {
        var options = new RunOptions(Defaults);
        var memory = Number("--memory-gib", 8.0, 0.1, 1e6, "Most GiB for softmax with an S x S matrix; longer sequences are left out.");
        var mostTokens = Number("--most-tokens", 1 << 18, 256, 1 << 18, "Longest sequence to measure the memory of.");
        var command = new Command(
            "compare",
            "Trains the same model with cosine attention, softmax attention, and cosine attention with carried state; measures perplexity, speed and memory, "
            + "and writes COMPARISON.md to --out. Takes an hour or so with the defaults; a stopped comparison goes on where it was.");
        options.AddTo(command, attention: false);
        command.Add(memory);
        command.Add(mostTokens);
        command.SetAction(async (parse, cancellation) =>
        {
            try
            {
                // On another thread: a command that has not reached its first await is not waited for when it is interrupted.
                await Task.Run(
                    () => new ComparisonRun(options.Read(parse), parse.GetValue(memory) * (1L << 30), parse.GetValue(mostTokens)).ExecuteAsync(cancellation),
                    CancellationToken.None);
                return 0;
            }
            catch (OperationCanceledException)
            {
                Console.Error.WriteLine("cottention-training: stopped; what was finished is kept, and the same command goes on from there.");
                return Interrupted;
            }
        });
        return command;
    }
}
