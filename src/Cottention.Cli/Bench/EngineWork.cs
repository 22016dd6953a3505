using System.Diagnostics;
using System.Globalization;
using Cottention.Inference;
using Cottention.Inference.Engine;
using Cottention.Inference.Sampling;

namespace Cottention.Cli.Bench;

/// <summary>
/// Decode steps of the engine: plan, run, sample, text, publish. Each measurement is a batch of generations from their first token on;
/// the step that takes them in and the one that ends them are not timed, nor is the reading of what they said.
/// </summary>
internal sealed class EngineWork(InferenceEngine engine) : Work
{
    private const int UntimedSteps = 2;

    /// <inheritdoc/>
    public override string Name => string.Create(CultureInfo.InvariantCulture, $"engine with sampler, batch {Batch}");

    /// <inheritdoc/>
    public override string Kind => "engine";

    /// <inheritdoc/>
    public override double Run(int steps, CancellationToken cancellation)
    {
        var generations = new Generation[Batch];
        for (var row = 0; row < Batch; row++)
            generations[row] = Submit(row, steps + UntimedSteps);
        engine.Step();
        var seconds = 0.0;
        for (var step = 0; step < steps; step++)
        {
            if (cancellation.IsCancellationRequested)
                Cancel(generations);
            cancellation.ThrowIfCancellationRequested();
            var start = Stopwatch.GetTimestamp();
            engine.Step();
            seconds += Stopwatch.GetElapsedTime(start).TotalSeconds;
            foreach (var generation in generations)
                while (generation.Queue.TryRead(out _))
                {
                }
        }
        engine.Step();
        foreach (var generation in generations)
            RequireFinished(generation);
        return seconds / steps;
    }

    private Generation Submit(int row, int tokens)
    {
        var model = engine.Model;
        var session = new Session(null, model.Config.VocabularySize) { Random = new RandomState((ulong)row) };
        var request = new GenerationRequest { MaxTokens = tokens, IgnoreEos = true };
        var generation = new Generation(session, request, [row % model.Config.VocabularySize], model.Tokenizer, engine.Options.EventCapacity, drained: null);
        if (!engine.TrySubmit(generation))
            throw new InvalidOperationException("the engine takes no generation");
        return generation;
    }

    // Their slots are free again before anything else runs.
    private void Cancel(Generation[] generations)
    {
        foreach (var generation in generations)
            generation.Cancel();
        engine.Step();
    }

    private static void RequireFinished(Generation generation)
    {
        if (!generation.Completion.Task.IsCompleted)
            throw new InvalidOperationException("a generation did not end");
        var outcome = generation.Completion.Task.Result;
        if (outcome.End != GenerationEnd.Finished)
            throw outcome.Error ?? new InferenceException(InferenceError.Unavailable, $"a generation ended: {outcome.End}");
    }
}
