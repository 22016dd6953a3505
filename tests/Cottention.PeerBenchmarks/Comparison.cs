using System.Diagnostics;
using Cottention.Cli.Bench;
using Cottention.Inference.Runners.Cpu;
using Cottention.PeerBenchmarks.Gguf;
using Cottention.PeerBenchmarks.Sides;

namespace Cottention.PeerBenchmarks;

/// <summary>
/// Runs both sides of a pair in this process, block by block in turn, so that a change of the machine's mood meets both.
/// A round that other work disturbed is run again, at most as often as there are rounds.
/// </summary>
internal sealed class Comparison : IDisposable
{
    private const int Reads = 5;
    private const int LeastSteps = 3;

    // Enough for the JIT to settle on its fastest code of ours.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(2);

    private readonly PeerOptions _options;
    private readonly QuietMachine _quiet;
    private readonly ReadBandwidth _read;

    public Comparison(PeerOptions options)
    {
        _options = options;
        _quiet = new QuietMachine(options.Patience);
        _read = new ReadBandwidth(options.Threads);
    }

    /// <summary>Measures one pair; both sides are loaded for it and freed after it.</summary>
    public PairResult Run(Work work, FormatPair format)
    {
        var file = work.Layout is { } layout ? PeerModels.PreparedFile(_options.Folder, layout, format.Peer) : null;
        Progress.Line($"{work.Title}, {format.Ours}: loading");
        var before = ResidentBytes();
        using var runner = Runner(work, format);
        using ISide ours = new CottentionSide(runner, work, work.Layout is null ? Work.FarPosition : work.Position);
        Repeat(ours, WarmUp);
        var between = ResidentBytes();
        using ISide peer = file is null ? new CottentionSide(runner, work, work.Position) : new LlamaSide(file, work, _options.Threads);
        TimedStep(peer);
        var after = ResidentBytes();

        var rounds = Rounds(work, ours, peer);
        // Every session's state is read and written.
        var stepBytes = runner.WeightBytesPerStep + (2L * work.Rows * runner.StateLayout.Bytes);
        return new PairResult(work, format, rounds, stepBytes, between - before, after - between);
    }

    public void Dispose() => _read.Dispose();

    private CpuModelRunner Runner(Work work, FormatPair format) => new(RandomModel.Shapes[RandomModel.DefaultShape], RandomModel.ReadRows, WeightFormat.F32, new CpuRunnerOptions
    {
        Threads = _options.Threads,
        Weights = format.Ours,
        SlotCount = work.Rows,
        MaxRows = work.Rows,
        MaxTokens = work.TokensPerStep,
    });

    private List<Round> Rounds(Work work, ISide ours, ISide peer)
    {
        var (quiet, disturbed) = (new List<Round>(), new List<Round>());
        while (quiet.Count < _options.Rounds && quiet.Count + disturbed.Count < 2 * _options.Rounds)
        {
            var round = Measure(ours, peer);
            (round.Quiet ? quiet : disturbed).Add(round);
            Progress.Line($"  {work.TokensPerStep / round.Ours,8:F1} ours {work.TokensPerStep / round.Peer,8:F1} peer  ratio {round.Peer / round.Ours:F2}  raw read {round.RawRead / 1e9:F1} GB/s{(round.Quiet ? "" : "  not quiet")}");
        }

        return [.. quiet, .. disturbed.Take(_options.Rounds - quiet.Count)];
    }

    private Round Measure(ISide ours, ISide peer)
    {
        var quiet = _quiet.Wait();
        var read = PairResult.Median(Enumerable.Range(0, Reads).Select(_ => _read.Measure()));
        var (our, besideOurs) = QuietMachine.Watch(() => Block(ours));
        quiet &= _quiet.Wait();
        var (their, besideTheirs) = QuietMachine.Watch(() => Block(peer));
        return new Round(read, our, their, quiet && besideOurs < QuietMachine.Limit && besideTheirs < QuietMachine.Limit);
    }

    // Median seconds of a step; the first brings the side's own data back into the caches.
    private double Block(ISide side)
    {
        TimedStep(side);
        return PairResult.Median(Repeat(side, _options.Block));
    }

    private static List<double> Repeat(ISide side, TimeSpan length)
    {
        var start = Stopwatch.GetTimestamp();
        var seconds = new List<double>();
        while (seconds.Count < LeastSteps || Stopwatch.GetElapsedTime(start) < length)
            seconds.Add(TimedStep(side));
        return seconds;
    }

    private static double TimedStep(ISide side)
    {
        side.Prepare();
        var start = Stopwatch.GetTimestamp();
        side.Step();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static long ResidentBytes()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        return Environment.WorkingSet;
    }
}
