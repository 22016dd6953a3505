using System.Diagnostics;
using System.Globalization;
using Cottention.Inference.Model;
using Cottention.Inference.Runners;
using Cottention.Inference.Runners.Cpu;

namespace Cottention.Cli.Bench;

/// <summary>Steps of the bare runner: the same plan again and again, at a position that is only said. The cost of a step is that of a session which came all the way.</summary>
internal sealed class RunnerWork : Work
{
    private const string DecodeKind = "decode";

    private readonly CpuModelRunner _runner;
    private readonly StepPlan _plan;

    private RunnerWork(string kind, CpuModelRunner runner, StepPlan plan)
    {
        Kind = kind;
        _runner = runner;
        _plan = plan;
    }

    /// <inheritdoc/>
    public override string Name => Kind == DecodeKind
        ? string.Create(CultureInfo.InvariantCulture, $"decode, batch {Batch}, position {Position}")
        : string.Create(CultureInfo.InvariantCulture, $"prefill, {Tokens} tokens");

    /// <inheritdoc/>
    public override string Kind { get; }

    /// <summary>One token for each of <paramref name="batch"/> rows.</summary>
    public static RunnerWork Decode(CpuModelRunner runner, int batch, long position, Work? baseline)
    {
        var plan = new StepPlan(batch, batch);
        for (var slot = 0; slot < batch; slot++)
            plan.Add(slot, position, [slot % runner.VocabularySize], wantsLogits: true);
        return new RunnerWork(DecodeKind, runner, plan) { Batch = batch, Position = position, Tokens = batch, Bytes = StepBytes(runner, batch), Baseline = baseline };
    }

    /// <summary>A prompt's first tokens, with scores after the last.</summary>
    public static RunnerWork Prefill(CpuModelRunner runner, ModelConfig config, int tokens)
    {
        var plan = new StepPlan(1, tokens);
        plan.Add(0, 0, [.. Enumerable.Range(0, tokens).Select(token => token % runner.VocabularySize)], wantsLogits: true);
        var perToken = (double)config.LayerCount * config.EmbeddingSize * ((4.0 * config.EmbeddingSize) + (2.0 * config.InnerSize));
        var head = (double)config.VocabularySize * config.EmbeddingSize;
        return new RunnerWork("prefill", runner, plan)
        {
            Batch = 1,
            Position = 0,
            Tokens = tokens,
            Bytes = StepBytes(runner, 1),
            FloatingPointOperations = 2 * ((perToken * tokens) + head),
        };
    }

    /// <summary>Every weight is read; every row's state is read and written.</summary>
    public static long StepBytes(CpuModelRunner runner, int batch) => runner.WeightBytesPerStep + (2L * batch * runner.StateLayout.Bytes);

    /// <inheritdoc/>
    public override double Run(int steps, CancellationToken cancellation)
    {
        var start = Stopwatch.GetTimestamp();
        for (var step = 0; step < steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            _runner.Run(_plan);
        }
        return Stopwatch.GetElapsedTime(start).TotalSeconds / steps;
    }
}
