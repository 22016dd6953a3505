using System.Globalization;
using Cottention.Cli.Bench;
using Cottention.Inference.Model;

namespace Cottention.Benchmarks.Served;

/// <summary>
/// What the way from a client's call to the runner costs: sessions streamed from the real server over a socket, beside the
/// engine and the runner alone, one after the other in every round. The client shares the machine with the server.
/// </summary>
internal static class ServedBenchmark
{
    private const int Rounds = 5;
    private const int Tokens = 32;
    private const int Position = 128;
    private const int LongPrompt = 100_000;
    private const int ShortPrompt = 16;
    private static readonly int[] Batches = [1, 32];

    /// <summary>Tokens a second of 1 and 32 sessions: runner, engine, served until the last token, served until saved.</summary>
    public static async Task<int> RunAsync(string? model)
    {
        using var folder = new ModelFolder(model);
        await using var bare = BenchedModel.Load(new BenchOptions { ModelFolder = folder.Path, Batches = Batches, Prefill = 0 }, CancellationToken.None);
        await using var server = await ServerUnderTest.StartAsync(folder.Path);
        var rounds = Batches.ToDictionary(batch => batch, _ => new List<double[]>());
        for (var round = -1; round < Rounds; round++)
            foreach (var batch in Batches)
            {
                var runner = RunnerWork.Decode(bare.Runner, batch, Position, null);
                var engine = new EngineWork(bare.Engine) { Batch = batch, Tokens = batch, Bytes = 0 };
                var seconds = new double[4];
                seconds[0] = runner.Run(Tokens, CancellationToken.None);
                seconds[1] = engine.Run(Tokens, CancellationToken.None);
                (seconds[2], seconds[3]) = await server.StreamAsync(batch, Tokens);
                // The first round warms up.
                if (round >= 0)
                    rounds[batch].Add(seconds);
            }

        Console.WriteLine($"{bare.Runner.Description}; medians of {Rounds} rounds of {Tokens} tokens a session; ratios are medians of the rounds' ratios\n");
        Console.WriteLine("| sessions | runner, tokens/s | engine | served, streaming | served, until saved | engine / runner | streaming / engine | saved / engine |");
        Console.WriteLine("|--:|--:|--:|--:|--:|--:|--:|--:|");
        foreach (var (batch, times) in rounds)
            PrintRates(batch, times);
        return 0;
    }

    /// <summary>Time to the first token of a short prompt, and the longest wait between two tokens, alone and beside a prompt of 100,000 tokens.</summary>
    public static async Task<int> RunFirstTokenAsync(string? model)
    {
        using var folder = new ModelFolder(model);
        await using var server = await ServerUnderTest.StartAsync(folder.Path);
        await server.AnswerAsync(ShortPrompt, Tokens);
        var alone = await AnswersAsync(server);
        using var cancellation = new CancellationTokenSource();
        var occupied = server.OccupyAsync(LongPrompt, cancellation.Token);
        await server.AnswerAsync(ShortPrompt, 1);
        var beside = await AnswersAsync(server);
        var wasRunning = !occupied.IsCompleted;
        await cancellation.CancelAsync();
        await occupied;
        Console.WriteLine($"A prompt of {ShortPrompt} tokens, {Rounds} times; the long prompt {(wasRunning ? "ran until the end" : "ENDED BEFORE")}\n");
        Console.WriteLine("| | median time to first token, ms | worst | longest wait between two tokens, ms |");
        Console.WriteLine("|---|--:|--:|--:|");
        PrintAnswers("alone", alone);
        PrintAnswers("beside a prompt of 100,000 tokens", beside);
        return 0;
    }

    private static async Task<List<(double First, double Gap)>> AnswersAsync(ServerUnderTest server)
    {
        var answers = new List<(double First, double Gap)>();
        for (var i = 0; i < Rounds; i++)
            answers.Add(await server.AnswerAsync(ShortPrompt, Tokens / 4));
        return answers;
    }

    private static void PrintAnswers(string what, List<(double First, double Gap)> answers)
    {
        FormattableString line =
            $"| {what} | {1000 * Median(answers.Select(a => a.First)):F0} | {1000 * answers.Max(a => a.First):F0} | {1000 * answers.Max(a => a.Gap):F0} |";
        Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
    }

    private static void PrintRates(int batch, List<double[]> times)
    {
        FormattableString line =
            $"| {batch} | {Rate(0):F1} | {Rate(1):F1} | {Rate(2):F1} | {Rate(3):F1} | {Ratio(1, 0):F3} | {Ratio(2, 1):F3} | {Ratio(3, 1):F3} |";
        Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

        double Rate(int kind) => Median(times.Select(seconds => batch / seconds[kind]));
        double Ratio(int kind, int to) => Median(times.Select(seconds => seconds[to] / seconds[kind]));
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }

    /// <summary>A model's folder; a temporary one with random weights of the 300M shape where none is given.</summary>
    private sealed class ModelFolder : IDisposable
    {
        private readonly string? _temporary;

        public ModelFolder(string? path)
        {
            Path = path ?? (_temporary = Directory.CreateTempSubdirectory("cottention-served-").FullName);
            if (_temporary is not null)
                RandomCheckpoint.Write(_temporary, SafetensorsDtype.BF16);
        }

        public string Path { get; }

        public void Dispose()
        {
            if (_temporary is not null)
                Directory.Delete(_temporary, recursive: true);
        }
    }
}
