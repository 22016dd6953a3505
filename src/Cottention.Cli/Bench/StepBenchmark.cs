namespace Cottention.Cli.Bench;

/// <summary>
/// Every kind of work beside raw reads of memory, one after the other in every round, so that a change of the machine's mood meets
/// them all. Every second round goes backwards, so that none always follows the same one.
/// </summary>
/// <param name="bandwidth">Raw reads, by as many threads.</param>
/// <param name="works">What to measure.</param>
internal sealed class StepBenchmark(ReadBandwidth bandwidth, IReadOnlyList<Work> works)
{
    // A round gives a work about this long, but one step at least: a single short step says little.
    private const double SecondsOfWork = 0.05;
    private const int MaxSteps = 64;

    /// <summary>Everything that the options ask for.</summary>
    public static IReadOnlyList<Work> WorksOf(BenchedModel model, BenchOptions options)
    {
        var works = new List<Work>();
        foreach (var batch in options.Batches)
        {
            Work? first = null;
            foreach (var position in options.Positions)
            {
                works.Add(RunnerWork.Decode(model.Runner, batch, position, first));
                first ??= works[^1];
            }
            works.Add(new EngineWork(model.Engine) { Batch = batch, Tokens = batch, Bytes = RunnerWork.StepBytes(model.Runner, batch), Baseline = first });
        }
        if (options.Prefill > 0)
            works.Add(RunnerWork.Prefill(model.Runner, model.Engine.Model.Config, options.Prefill));
        return works;
    }

    /// <summary>Measures; a result for each work, in their order.</summary>
    /// <param name="rounds">How often.</param>
    /// <param name="progress">Told what comes next.</param>
    /// <param name="cancellation">Looked at between steps.</param>
    public IReadOnlyList<WorkResult> Measure(int rounds, Action<string> progress, CancellationToken cancellation)
    {
        var steps = WarmUp(progress, cancellation);
        var measured = new Round[rounds];
        for (var round = 0; round < rounds; round++)
        {
            progress($"round {round + 1} of {rounds}");
            measured[round] = MeasureRound(steps, isBackwards: round % 2 == 1, cancellation);
        }
        return [.. works.Select((work, index) => WorkResult.Of(work, index, IndexOf(work.Baseline), measured))];
    }

    // Steps a round of each work.
    private int[] WarmUp(Action<string> progress, CancellationToken cancellation)
    {
        bandwidth.Measure();
        var steps = new int[works.Count];
        for (var i = 0; i < works.Count; i++)
        {
            progress($"warming up: {works[i].Name}");
            var first = works[i].Run(1, cancellation);
            steps[i] = StepsOf(works[i].Run(StepsOf(first), cancellation));
        }
        return steps;
    }

    private static int StepsOf(double secondsOfStep) => (int)Math.Clamp(Math.Ceiling(SecondsOfWork / secondsOfStep), 1, MaxSteps);

    private Round MeasureRound(int[] steps, bool isBackwards, CancellationToken cancellation)
    {
        var round = new Round(new double[works.Count], new double[works.Count]);
        var before = bandwidth.Measure();
        for (var i = 0; i < works.Count; i++)
        {
            var index = isBackwards ? works.Count - 1 - i : i;
            round.Seconds[index] = works[index].Run(steps[index], cancellation);
            var after = bandwidth.Measure();
            round.Reads[index] = (before + after) / 2;
            before = after;
        }
        return round;
    }

    private int IndexOf(Work? work)
    {
        for (var i = 0; i < works.Count; i++)
            if (ReferenceEquals(works[i], work))
                return i;
        return -1;
    }
}
