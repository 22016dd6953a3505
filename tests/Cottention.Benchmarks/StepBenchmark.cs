using System.Diagnostics;
using System.Globalization;
using Cottention.Inference.Runners;
using Cottention.Inference.Runners.Cpu;

namespace Cottention.Benchmarks;

/// <summary>
/// Steps of a runner beside raw reads of memory, one after the other in every round, so that a change of the machine's
/// mood meets both. Prints medians over the rounds as one Markdown table.
/// </summary>
internal static class StepBenchmark
{
    private const int MaxRows = 32;
    private const int PrefillTokens = 512;
    private const int Position = 128;
    private const long BandwidthBytes = 512L << 20;

    public static int Run(BenchmarkOptions options)
    {
        var config = RandomModel.Paper300M with { LayerCount = options.Layers };
        var start = Stopwatch.GetTimestamp();
        using var runner = new CpuModelRunner(config, RandomModel.ReadRows, weightsAreBf16: false, new CpuRunnerOptions
        {
            Threads = options.Threads,
            Kernels = options.Kernels,
            Weights = options.Weights,
            SlotCount = MaxRows,
            MaxRows = MaxRows,
            MaxTokens = PrefillTokens,
        });
        Console.WriteLine($"{runner.Description}; {config.LayerCount} x {config.EmbeddingSize}, ready in {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s");
        var threads = options.Threads == 0 ? Environment.ProcessorCount : options.Threads;
        using var bandwidth = new ReadBandwidth(BandwidthBytes, threads);
        Work[] works = [.. new[] { 1, 2, 4, 8, 16, 32 }.Select(rows => Decode(runner, rows)), Prefill(runner)];
        var rates = Measure(runner, bandwidth, works, options.Rounds);
        Print(runner, works, rates);
        return 0;
    }

    private static Work Decode(CpuModelRunner runner, int rows)
    {
        var plan = new StepPlan(rows, rows);
        for (var slot = 0; slot < rows; slot++)
            plan.Add(slot, Position, [100 + slot], wantsLogits: true);
        // Every session's state is read and written.
        return new Work($"decode, batch {rows}", plan, rows, runner.WeightBytesPerStep + (2L * rows * runner.StateLayout.Bytes));
    }

    private static Work Prefill(CpuModelRunner runner)
    {
        var plan = new StepPlan(1, PrefillTokens);
        plan.Add(0, 0, [.. Enumerable.Range(0, PrefillTokens)], wantsLogits: true);
        return new Work($"prefill, {PrefillTokens} tokens", plan, PrefillTokens, runner.WeightBytesPerStep);
    }

    private static List<Round> Measure(CpuModelRunner runner, ReadBandwidth bandwidth, Work[] works, int rounds)
    {
        var logits = new float[MaxRows * runner.VocabularySize];
        var results = new List<Round>();
        for (var round = -1; round < rounds; round++)
        {
            var seconds = new double[works.Length];
            var reads = new double[works.Length];
            for (var i = 0; i < works.Length; i++)
            {
                reads[i] = bandwidth.Measure();
                var start = Stopwatch.GetTimestamp();
                runner.Run(works[i].Plan, logits);
                seconds[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
            }

            // The first round warms up.
            if (round >= 0)
                results.Add(new Round(seconds, reads));
        }

        return results;
    }

    private static void Print(CpuModelRunner runner, Work[] works, List<Round> rounds)
    {
        Console.WriteLine();
        Console.WriteLine("| work | tokens/s | GB/s of weights and states | raw read GB/s | share of raw |");
        Console.WriteLine("|---|---|---|---|---|");
        for (var i = 0; i < works.Length; i++)
        {
            var work = works[i];
            var perSecond = Median(rounds.Select(round => work.Tokens / round.Seconds[i]));
            var traffic = Median(rounds.Select(round => work.Bytes / round.Seconds[i]));
            var raw = Median(rounds.Select(round => round.Reads[i]));
            var share = Median(rounds.Select(round => work.Bytes / round.Seconds[i] / round.Reads[i]));
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"| {work.Name} | {perSecond:F1} | {traffic / 1e9:F1} | {raw / 1e9:F1} | {share:F2} |"));
        }

        var gflops = Median(rounds.Select(round => 2.0 * (runner.WeightBytesPerStep / 2) * PrefillTokens / round.Seconds[^1])) / 1e9;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\nprefill: {gflops:F0} GFLOP/s"));
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }

    private sealed record Work(string Name, StepPlan Plan, int Tokens, long Bytes);

    private sealed record Round(double[] Seconds, double[] Reads);
}
