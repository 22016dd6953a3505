using System.CommandLine;
using System.CommandLine.Parsing;
using Cottention.Inference.Runners.Cpu;
using Cottention.Training.Display;
using Cottention.Training.Evaluation;
using TorchSharp;
using static Cottention.Training.Commands.Options;

namespace Cottention.Training.Commands;

/// <summary><c>eval</c>: how well exported models foretell text, through the server's CPU runner and through Torch.</summary>
internal sealed class EvalCommand
{
    private const int DisagreementExitCode = 1;

    private static readonly EvaluationSettings Defaults = new() { Models = [], Texts = [] };

    private readonly Option<string[]> _model = new("--model")
    {
        Description = "Folder of a model, or NAME=FOLDER. May be repeated: then models are compared.",
        Required = true,
    };

    private readonly Option<string[]> _data = new("--data")
    {
        Description = "Text file, plain or .gz; each document ends in a line <|endoftext|>, a file without one is one document. May be repeated.",
        Required = true,
    };

    private readonly Option<EvaluationRunner> _runner = Choice("--runner", Defaults.Runner, "What computes; both are compared with each other.");
    private readonly Option<WeightFormat> _weights = Choice("--weights", Defaults.Weights, "Format of the CPU runner's weights; auto is as exact as the model's file.");
    private readonly Option<bool> _across = new("--across") { Description = "Read the documents of a file as one passage, the state carried from each to the next." };
    private readonly Option<int> _window = Number("--window", Defaults.Window, 2, 1 << 20, "Tokens of a sliding window.");
    private readonly Option<int> _stride = Number("--stride", Defaults.Stride, 1, 1 << 20, "Tokens from one sliding window to the next; only so many count of each.");
    private readonly Option<bool> _byPosition = new("--by-position")
    {
        Description = "Measure perplexity by the number of tokens read before (1-128, 129-256, 257-512, ...), the documents of a file one after the other, the state carried on.",
    };

    private readonly Option<int> _streams = Number("--streams", Defaults.Streams, 1, 1 << 16, "By position: places of a file from which it is read, evenly spread.");
    private readonly Option<int> _positions = Number("--positions", Defaults.Positions, 1, 1 << 28, "By position: most tokens read before.");
    private readonly Option<bool> _recall = new("--recall")
    {
        Description = "Measure recall by distance (16, 32, 64, ... tokens): of a planted sentence and of a planted pair of rare tokens, with the files as filler.",
    };

    private readonly Option<int> _trials = Number("--trials", Defaults.Trials, 1, 1_000_000, "Recall: things planted, each asked for at every distance.");
    private readonly Option<int> _farthest = Number("--farthest", Defaults.Farthest, 16, 1 << 28, "Recall: longest distance in tokens.");
    private readonly Option<ulong> _seed = Number("--seed", Defaults.Seed, ulong.MinValue, ulong.MaxValue, "Recall: decides what is planted where.");
    private readonly Option<string?> _chart = new("--chart") { Description = "PNG file to draw --by-position and --recall into, with a line for each model." };
    private readonly Option<long> _limitTokens = Number("--limit-tokens", 0L, 0, long.MaxValue, "Most tokens of a file to foretell, in documents evenly spread over it; 0 takes all.");
    private readonly Option<double> _tolerance = Number("--tolerance", Defaults.Tolerance, 0.0, 100, "Largest difference of the runners' mean losses that passes, in nats a token.");
    private readonly Option<int> _threads = Number("--threads", Defaults.Threads, 0, 1024, "Threads that compute; 0 takes all.");
    private readonly Option<string?> _json = new("--json") { Description = "File to write everything to." };

    /// <summary>The command, ready to be added to the root.</summary>
    public static Command Create()
    {
        var self = new EvalCommand();
        var command = new Command("eval", "Measures perplexity and bits a byte of exported models: streaming (the state carried through a document) and sliding (in windows).")
        {
            self._model, self._data, self._runner, self._weights, self._across, self._window, self._stride, self._limitTokens, self._tolerance, self._threads,
            self._byPosition, self._streams, self._positions, self._recall, self._trials, self._farthest, self._seed, self._json, self._chart,
        };
        MustExist(self._data, path => path);
        FolderMustExist(self._json);
        FolderMustExist(self._chart);
        command.Validators.Add(self.CheckChart);
        command.SetAction(self.Run);
        return command;
    }

    private int Run(ParseResult parse)
    {
        if (parse.GetValue(_threads) is > 0 and var threads)
            torch.set_num_threads(threads);
        var settings = Settings(parse);
        if (parse.GetValue(_chart) is not null)
            Chart.RequireFont();
        var report = new EvaluationRun(settings, Console.Error).Execute();
        EvaluationTables.Write(report, Console.Out);
        if (parse.GetValue(_json) is { } path)
            File.WriteAllText(path, report.ToJson());
        if (parse.GetValue(_chart) is { } chart)
            Chart.Save(chart, EvaluationCharts.Of(report));
        return Judge(report, settings);
    }

    private EvaluationSettings Settings(ParseResult parse) => new()
    {
        Models = [.. parse.GetRequiredValue(_model).Select(ModelSource.Parse)],
        Texts = parse.GetRequiredValue(_data),
        Runner = parse.GetValue(_runner),
        Weights = parse.GetValue(_weights),
        ByPosition = parse.GetValue(_byPosition),
        Streams = parse.GetValue(_streams),
        Positions = parse.GetValue(_positions),
        Recall = parse.GetValue(_recall),
        Trials = parse.GetValue(_trials),
        Farthest = parse.GetValue(_farthest),
        Seed = parse.GetValue(_seed),
        Across = parse.GetValue(_across),
        Window = parse.GetValue(_window),
        Stride = parse.GetValue(_stride),
        LimitTokens = parse.GetValue(_limitTokens) is > 0 and var limit ? limit : null,
        Tolerance = parse.GetValue(_tolerance),
        Threads = parse.GetValue(_threads),
    };

    private void CheckChart(CommandResult result)
    {
        if (result.GetValue(_chart) is not null && !result.GetValue(_byPosition) && !result.GetValue(_recall))
            result.AddError("--chart draws what --by-position and --recall measure; give one of them.");
    }

    private static int Judge(EvaluationReport report, EvaluationSettings settings)
    {
        var apart = report.Agreement.Where(entry => Math.Abs(entry.MeanDifference) > settings.Tolerance).ToArray();
        foreach (var entry in apart)
            Console.Error.WriteLine(FormattableString.Invariant(
                $"cottention-training: {entry.Model}, {entry.Text}, {entry.What}: the runners differ by {entry.MeanDifference:E2} nats a token; allowed: {settings.Tolerance}."));
        return apart.Length == 0 ? 0 : DisagreementExitCode;
    }
}
