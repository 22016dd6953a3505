using System.CommandLine;
using System.CommandLine.Parsing;
using Cottention.Inference;
using Cottention.Inference.Runners.Cpu;

namespace Cottention.Cli.Bench;

/// <summary><c>cottention bench</c>: how fast the CPU runner and the engine are on this machine.</summary>
internal static class BenchCommand
{
    private const string Description =
        "Measures the CPU runner and the engine on this machine, without a server: tokens a second of decoding by batch and position "
        + "and of prefill, with the memory traffic, and the machine's raw read bandwidth beside it. Run it on a quiet machine.";

    private const int MaxBatch = 1024;
    private const int MaxPrefill = 65_536;
    private const long MaxPosition = 1_000_000_000_000;

    private static readonly BenchOptions Defaults = new();

    public static Command Create()
    {
        var folder = new Argument<string?>("model") { Arity = ArgumentArity.ZeroOrOne, Description = "A model's folder. Default: random weights of --shape." };
        var shape = new Option<string>("--shape") { Description = "Shape of random weights: the paper's 300M model, or one that takes no time.", DefaultValueFactory = _ => Defaults.ShapeName };
        shape.AcceptOnlyFromAmong([.. RandomModel.Shapes.Keys]);
        var weights = Choice<WeightFormat>("--weights", "Format of the weights in memory; auto: the files' own, bf16 for random weights.");
        var kernels = Choice<KernelChoice>("--kernels", "Instruction set; auto: the best of this machine.");
        var threads = RangeOption.One("--threads", "Threads that compute; 0: all CPUs.", Defaults.Threads, 0, 1024);
        var batches = RangeOption.List("--batch", "Sessions in one step.", Defaults.Batches.Select(batch => (long)batch), 1, MaxBatch);
        var positions = RangeOption.List("--position", "Tokens each session has behind it; the rates are compared with the first.", Defaults.Positions, 0, MaxPosition);
        var prefill = RangeOption.One("--prefill", "Tokens of a prompt in one step; 0: none.", Defaults.Prefill, 0, MaxPrefill);
        var rounds = RangeOption.One("--rounds", "Rounds, each of every work; the table has their medians.", Defaults.Rounds, 1, 1000);
        var json = new Option<string?>("--json") { HelpName = "file", Description = "Write the numbers to this file too, as JSON." };
        var command = new Command("bench", Description) { folder, shape, weights, kernels, threads, batches, positions, prefill, rounds, json };
        command.Validators.Add(result => RefuseShapeOfAModel(result, folder, shape));
        command.SetAction((parsed, _) => FileCommands.RunAsync(cancellation => RunAsync(
            new BenchOptions
            {
                ModelFolder = parsed.GetValue(folder),
                ShapeName = parsed.GetRequiredValue(shape),
                Weights = Enum.Parse<WeightFormat>(parsed.GetRequiredValue(weights), ignoreCase: true),
                Kernels = Enum.Parse<KernelChoice>(parsed.GetRequiredValue(kernels), ignoreCase: true),
                Threads = parsed.GetRequiredValue(threads),
                Batches = [.. parsed.GetRequiredValue(batches).Numbers.Select(batch => (int)batch)],
                Positions = parsed.GetRequiredValue(positions).Numbers,
                Prefill = parsed.GetRequiredValue(prefill),
                Rounds = parsed.GetRequiredValue(rounds),
                JsonFile = parsed.GetValue(json),
            },
            cancellation)));
        return command;
    }

    private static Option<string> Choice<T>(string name, string help)
        where T : struct, Enum
    {
        var option = new Option<string>(name) { Description = help, DefaultValueFactory = _ => "auto" };
        option.AcceptOnlyFromAmong([.. Enum.GetNames<T>().Select(choice => choice.ToLowerInvariant())]);
        return option;
    }

    private static void RefuseShapeOfAModel(CommandResult result, Argument<string?> folder, Option<string> shape)
    {
        if (result.GetResult(folder) is { Tokens.Count: > 0 } && result.GetResult(shape) is { Implicit: false })
            result.AddError("--shape is for random weights; a model's folder has its own");
    }

    private static async Task RunAsync(BenchOptions options, CancellationToken cancellation)
    {
        RequireFolderOf(options.JsonFile);
        await using var model = WithProgress(progress =>
        {
            progress("loading");
            return BenchedModel.Load(options, cancellation);
        });
        var config = model.Engine.Model.Config;
        var report = new BenchReport(
            model.Engine.Model.Name, BenchReport.ShapeOf(config), config.ParameterCount, model.Runner.Description, model.Runner.WeightBytesPerStep,
            model.Runner.StateLayout.Bytes, model.LoadTime.TotalSeconds, Machine.Here(), TimeProvider.System.GetUtcNow(), options.Rounds, []);
        report.WriteHeadTo(Console.Out);
        using var bandwidth = new ReadBandwidth(options.Threads == 0 ? Environment.ProcessorCount : options.Threads);
        var benchmark = new StepBenchmark(bandwidth, StepBenchmark.WorksOf(model, options));
        report = report with { Works = WithProgress(progress => benchmark.Measure(options.Rounds, progress, cancellation)) };
        report.WriteTableTo(Console.Out);
        if (options.JsonFile is { } file)
            await File.WriteAllTextAsync(file, report.ToJson(), CancellationToken.None);
    }

    private static T WithProgress<T>(Func<Action<string>, T> work)
    {
        try
        {
            return work(Note.Progress);
        }
        finally
        {
            Note.Progress("");
        }
    }

    // Said before minutes of measuring, not after.
    private static void RequireFolderOf(string? file)
    {
        if (file is not null && (file.Length == 0 || Directory.Exists(file) || !Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(file)))))
            throw new InferenceException(InferenceError.InvalidArgument, $"--json is '{file}'; allowed: a file in a folder that exists");
    }
}
