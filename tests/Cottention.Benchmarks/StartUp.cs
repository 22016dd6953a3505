using System.Diagnostics;
using System.Globalization;
using Cottention.Inference.Model;
using Cottention.Inference.Runners.Cpu;
using Cottention.Inference.Tokenization;

namespace Cottention.Benchmarks;

/// <summary>What a server's start does with a model, part by part.</summary>
internal static class StartUp
{
    private const int SlotCount = 96;

    /// <summary>Prints the seconds of each part, in the order of the server, as often as asked.</summary>
    /// <param name="folder">A model's folder.</param>
    /// <param name="format">Format in memory.</param>
    /// <param name="threads">Threads that pack; 0 for all.</param>
    /// <param name="rounds">How often.</param>
    public static void Run(string folder, WeightFormat format, int threads, int rounds)
    {
        for (var round = 0; round < rounds; round++)
        {
            var start = Stopwatch.GetTimestamp();
            var begin = start;
            using var checkpoint = Checkpoint.Open(folder);
            checkpoint.BeginFingerprint();
            var opened = Lap(ref start);
            TextTokenizer.Load(folder, checkpoint.Config);
            var tokenizer = Lap(ref start);
            using var runner = new CpuModelRunner(checkpoint, new CpuRunnerOptions { Threads = threads, Weights = format, SlotCount = SlotCount });
            var packed = Lap(ref start);
            _ = checkpoint.Fingerprint;
            var fingerprint = Lap(ref start);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"open {opened:F2} s, tokenizer {tokenizer:F2} s, runner {packed:F2} s, rest of the fingerprint {fingerprint:F2} s; together {Stopwatch.GetElapsedTime(begin).TotalSeconds:F2} s"));
        }
    }

    private static double Lap(ref long start)
    {
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        start = Stopwatch.GetTimestamp();
        return seconds;
    }
}
