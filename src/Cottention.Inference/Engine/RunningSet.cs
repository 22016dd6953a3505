namespace Cottention.Inference.Engine;

/// <summary>The generations that steps are planned from, oldest first, and their ways out: finished, failed, dropped. Step thread only.</summary>
internal sealed class RunningSet(
    SlotPool slots, StopRollback rollback, StateExports exports, int maxRunning, EngineMetrics metrics, TimeProvider time)
{
    private readonly Generation[] _running = new Generation[maxRunning];
    private int _count;

    /// <summary>Every generation in the set.</summary>
    public ReadOnlySpan<Generation> All => _running.AsSpan(0, _count);

    /// <summary>Takes in a generation; its session gets a slot before anything else happens. Its caller holds a place, so there is room.</summary>
    public void Add(Generation generation)
    {
        generation.Session.HoldsSlot = true;
        generation.IsRunning = true;
        _running[_count++] = generation;
    }

    /// <summary>Ends a generation with what its caller commits, once the state is read.</summary>
    public void Finish(Generation generation, FinishReason reason, string? matchedStop)
    {
        var session = generation.Session;
        if (matchedStop is null)
            generation.Output.ReleaseAll();
        rollback.Forget(generation);
        var outcome = new GenerationOutcome(GenerationEnd.Finished)
        {
            Reason = reason,
            MatchedStop = matchedStop,
            Text = generation.Output.Finish(endsText: session.Id is null),
            Usage = UsageOf(generation),
        };
        Remove(generation);
        metrics.GenerationEnded(generation, outcome.Usage, reason);
        if (session.Id is not null && session.Position > 0)
        {
            exports.Add(generation, outcome);
            return;
        }
        session.HoldsSlot = false;
        if (session.Id is null)
            slots.Release(session);
        End(generation, outcome);
    }

    /// <summary>Ends a generation with an error; nothing is committed.</summary>
    public void Fail(Generation generation, InferenceException error) =>
        Drop(generation, new GenerationOutcome(GenerationEnd.Failed) { Error = error });

    /// <summary>Ends a generation that commits nothing. The session object dies: its committed state is in the store.</summary>
    public void Drop(Generation generation, GenerationOutcome outcome)
    {
        rollback.Forget(generation);
        slots.Release(generation.Session);
        generation.Session.Discard();
        generation.Session.HoldsSlot = false;
        Remove(generation);
        metrics.GenerationDropped(cancelled: outcome.End == GenerationEnd.Cancelled);
        End(generation, outcome);
    }

    /// <summary>Lets go of a generation, whether it was in the set or not.</summary>
    public static void End(Generation generation, GenerationOutcome outcome)
    {
        generation.Queue.Complete();
        generation.Completion.TrySetResult(outcome);
    }

    private void Remove(Generation generation)
    {
        generation.IsRunning = false;
        var at = Array.IndexOf(_running, generation, 0, _count);
        if (at < 0)
            return;
        Array.Copy(_running, at + 1, _running, at, --_count - at);
        _running[_count] = null!; // past the count nothing is read
    }

    private Usage UsageOf(Generation generation)
    {
        var now = time.GetTimestamp();
        var submitted = generation.SubmittedAt;
        return new Usage(generation.PromptTokens, generation.CachedPosition, generation.OutputTokens,
            time.GetElapsedTime(submitted, generation.StartedAt),
            generation.FirstTokenAt == 0 ? TimeSpan.Zero : time.GetElapsedTime(submitted, generation.FirstTokenAt),
            time.GetElapsedTime(submitted, now));
    }
}
