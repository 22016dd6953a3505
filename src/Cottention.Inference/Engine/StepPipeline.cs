using Cottention.Inference.Runners;
using Microsoft.Extensions.Logging;

namespace Cottention.Inference.Engine;

/// <summary>
/// Steps one after another: planned, begun, waited for, and what came of them handed on. Where the runner runs ahead, the next step
/// begins before the one under way has ended, so that the device never waits for the host. Step thread only.
/// </summary>
/// <remarks>
/// A row that runs ahead consumes the token which the step under way draws, before anybody has seen it. It is provisional: once that
/// token is known and accepted, the row is committed and is as any other; if the generation ends with it, the draw was left to the
/// host, or the reader is behind, the row is in vain and the state has never moved.
/// </remarks>
internal sealed class StepPipeline(
    IModelRunner runner, RunningSet running, Continuation continuation, PlannedDraws? draws, EngineOptions options, EngineMetrics metrics,
    TimeProvider time, ILogger logger)
{
    private readonly Scheduler _scheduler = new(options.PrefillChunk);
    private readonly bool _runsAhead = runner.RunsAhead && options.RunAhead;
    private PlannedStep _step = new(options.MaxRunning, options.TokenBudget);
    private PlannedStep _next = new(options.MaxRunning, options.TokenBudget);
    private long _number;
    private long _endedAt;

    /// <summary>Runs the next step to its end and, with luck, begins the one after it. False if there was nothing to do.</summary>
    public bool Step()
    {
        if (!_step.IsUnderWay)
        {
            _scheduler.Fill(running.All, _step);
            if (_step.Plan.RowCount == 0)
                return false;
            Begin(_step);
        }
        if (_runsAhead && _step.IsUnderWay && _scheduler.TryFillAhead(running.All, _next))
            Begin(_next);
        if (_step.IsUnderWay && TryEnd())
            Advance();
        _step.Clear();
        (_step, _next) = (_next, _step);
        _number++;
        return true;
    }

    private void Begin(PlannedStep step)
    {
        draws?.Fill(step.Plan, step.Generations);
        try
        {
            runner.Begin(step.Plan);
        }
        catch (Exception e) when (!InferenceEngine.IsLost(e)) // an edge: the step loop outlives a runner's fault, and the sessions in it go back to their committed state
        {
            Fail(step, e);
            step.Clear();
            return;
        }
        step.Begun(time.GetTimestamp());
        for (var row = 0; row < step.Plan.RowCount; row++)
            step.Generations[row]!.RowBegun(step.Plan, row); // not null: no row is in vain yet
    }

    private bool TryEnd()
    {
        try
        {
            if (_step.Plan.LogitsCount > 0)
                runner.End();
        }
        catch (Exception e) when (!InferenceEngine.IsLost(e)) // an edge: as above
        {
            Fail(_step, e);
            return false;
        }
        return true;
    }

    private void Advance()
    {
        for (var row = 0; row < _step.Plan.RowCount; row++)
            Advance(row);
        var now = time.GetTimestamp();
        metrics.StepEnded(_step.Plan, time.GetElapsedTime(Math.Max(_step.BegunAt, _endedAt), now));
        _endedAt = now;
    }

    private void Advance(int number)
    {
        // Whoever was cancelled meanwhile has left.
        if (_step.Generations[number] is not { IsRunning: true } generation)
            return;
        ref readonly var row = ref _step.Plan.Rows[number];
        generation.Session.LastUsedStep = _number;
        if (row.LogitsCount == 0)
            return;
        generation.AwaitedRow = -1;
        if (row is { IsProvisional: true, IsAhead: false })
        {
            continuation.Verify(generation, _step.Plan.TokensOf(row), row.LogitsIndex);
            return;
        }
        var scores = new Scores(runner, row.LogitsIndex);
        continuation.Continue(generation, scores);
        if (generation.AheadRow >= 0)
            Confirm(generation, isDrawn: scores.Drawn >= 0);
    }

    // The token is known that the generation's row of the next step has begun to consume.
    private void Confirm(Generation generation, bool isDrawn)
    {
        var row = generation.AheadRow;
        generation.AheadRow = -1;
        if (!isDrawn || !generation.IsRunning || generation.IsBlocked || !continuation.TryCommit(generation))
        {
            _next.Void(row);
            return;
        }
        generation.ConsumeAhead(_next.Plan, row);
    }

    private void Fail(PlannedStep step, Exception fault)
    {
        EngineLog.StepFailed(logger, fault);
        foreach (var generation in step.Generations)
            if (generation is { IsRunning: true })
                running.Fail(generation, new InferenceException(InferenceError.Unavailable, "the runner failed; the session is at its previous version"));
    }
}
