using System.Runtime.InteropServices;
using System.Threading.Channels;
using Cottention.Inference.Runners;
using Cottention.Inference.Sampling;
using Microsoft.Extensions.Logging;

namespace Cottention.Inference.Engine;

/// <summary>
/// Runs generations, many in one step (continuous batching), on one step thread that alone touches slots, sessions in use
/// and the runner. The way of a request: the caller tokenises and takes a place (<see cref="Admission"/>), submits a
/// <see cref="Generation"/>; each <see cref="Step"/> plans, runs, samples, publishes, retires; the caller reads events from
/// the generation's queue and saves the session at the end. Engine/README.md has the rules of threads and memory.
/// </summary>
public sealed class InferenceEngine : IAsyncDisposable
{
    private static readonly TimeSpan IdleTick = TimeSpan.FromSeconds(1);

    private readonly IModelRunner _runner;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Scheduler _scheduler;
    private readonly SlotPool _slots;
    private readonly StopRollback _rollback;
    private readonly Sampler _sampler;
    private readonly StepPlan _plan;
    private readonly Generation[] _running;
    private readonly Generation[] _planned;
    private readonly TokenLogprob[] _top = new TokenLogprob[SamplingParameters.MaxLogprobs];
    private readonly Channel<Generation> _submitted;
    private readonly AutoResetEvent _wake = new(false);
    private readonly Thread _thread;
    private int _runningCount;
    private long _step;
    private long _lastTick;
    private volatile bool _stopping;
    private volatile bool _sweepDead;

    // [MaxRunning, N] f32
    private readonly float[] _logits;

    /// <summary>Starts the step thread. The engine owns the runner from now on.</summary>
    /// <param name="model">The model that the runner runs.</param>
    /// <param name="runner">Needs <see cref="EngineOptions.TotalSlots"/> slots, rows for MaxRunning and tokens for TokenBudget.</param>
    /// <param name="options">Sizes.</param>
    /// <param name="metrics">Instruments.</param>
    /// <param name="time">Clock of the timings.</param>
    /// <param name="logger">Start, stop and faults.</param>
    public InferenceEngine(LoadedModel model, IModelRunner runner, EngineOptions options, EngineMetrics metrics, TimeProvider time, ILogger<InferenceEngine> logger)
        : this(model, runner, options, metrics, time, logger, start: true)
    {
    }

    internal InferenceEngine(LoadedModel model, IModelRunner runner, EngineOptions options, EngineMetrics metrics, TimeProvider time, ILogger logger, bool start)
    {
        options.Check(runner);
        (Model, Options, Metrics) = (model, options, metrics);
        (_runner, _time, _logger) = (runner, time, logger);
        _scheduler = new Scheduler(options.PrefillChunk);
        _slots = new SlotPool(runner, options) { Parked = session => Parked?.Invoke(session) };
        _rollback = new StopRollback(runner, _slots);
        _sampler = new Sampler(runner.VocabularySize, model.Tokenizer.DeadTokens);
        _plan = new StepPlan(options.MaxRunning, options.TokenBudget);
        _running = new Generation[options.MaxRunning];
        _planned = new Generation[options.MaxRunning];
        _logits = new float[options.MaxRunning * runner.VocabularySize];
        _submitted = Channel.CreateBounded<Generation>(new BoundedChannelOptions(options.MaxRunning) { SingleReader = true });
        Admission = new Admission(options.MaxRunning, options.MaxQueued);
        _lastTick = time.GetTimestamp();
        _thread = new Thread(Loop) { IsBackground = true, Name = "cottention step" };
        if (start)
            _thread.Start();
    }

    /// <summary>The model.</summary>
    public LoadedModel Model { get; }

    /// <summary>Sizes.</summary>
    public EngineOptions Options { get; }

    /// <summary>Instruments.</summary>
    public EngineMetrics Metrics { get; }

    /// <summary>The device and its kernels, for people.</summary>
    public string RunnerDescription => $"{_runner.Device}: {_runner.Description}";

    /// <summary>Shape of a session's state.</summary>
    public Model.StateLayout StateLayout => _runner.StateLayout;

    /// <summary>Time since the step thread was last seen alive; it ticks at least once a second unless a step takes longer.</summary>
    public TimeSpan TimeSinceLastTick => _time.GetElapsedTime(Volatile.Read(ref _lastTick));

    /// <summary>Sessions in slots.</summary>
    public int ResidentSessions => _slots.Resident;

    /// <summary>Places in the running set and in the queue before it.</summary>
    internal Admission Admission { get; }

    /// <summary>Hears, on the step thread, of sessions that lost their slot.</summary>
    internal Action<Session>? Parked { get; set; }

    /// <summary>Wakes the step thread: there is room or work.</summary>
    internal void Wake() => _wake.Set();

    /// <summary>Has the step thread free the slots of session objects that are dead.</summary>
    internal void FreeDeadSlots()
    {
        _sweepDead = true;
        Wake();
    }

    /// <summary>Hands a generation to the step thread; false if the engine is stopping. The caller holds a place.</summary>
    internal bool TrySubmit(Generation generation)
    {
        if (_stopping || !_submitted.Writer.TryWrite(generation))
            return false;
        Wake();
        return true;
    }

    /// <summary>One turn of the engine: take, plan, run, sample and publish, retire. False if there was nothing to do.</summary>
    internal bool Step()
    {
        Volatile.Write(ref _lastTick, _time.GetTimestamp());
        while (_submitted.Reader.TryRead(out var generation))
            Admit(generation);
        if (_sweepDead)
            SweepDead();
        DropCancelled();
        _scheduler.Fill(_running.AsSpan(0, _runningCount), _plan, _planned);
        if (_plan.RowCount == 0)
            return false;
        var started = _time.GetTimestamp();
        if (!TryRun())
            return true;
        for (var i = 0; i < _plan.RowCount; i++)
            Advance(_planned[i], _plan.Rows[i]);
        // What has ended can be collected while nothing runs.
        Array.Clear(_planned);
        Metrics.StepEnded(_plan, _time.GetElapsedTime(started));
        _step++;
        return true;
    }

    /// <summary>Stops after the current step; generations in flight end with <see cref="InferenceError.Unavailable"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stopping)
            return;
        // First, so that nothing is submitted after the last look.
        _submitted.Writer.TryComplete();
        _stopping = true;
        Wake();
        if (_thread.ThreadState.HasFlag(ThreadState.Unstarted))
            EndAll();
        else
            await Task.Run(_thread.Join).ConfigureAwait(false);
        // _wake stays open: a reader that lags behind may still set it.
        _runner.Dispose();
    }

    private void Loop()
    {
        EngineLog.Started(_logger, RunnerDescription, Options.MaxRunning, Options.SessionSlots);
        while (!_stopping)
            if (!Step())
                _wake.WaitOne(IdleTick);
        EndAll();
        EngineLog.Stopped(_logger);
    }

    private void EndAll()
    {
        while (_submitted.Reader.TryRead(out var generation))
            Fail(generation, new InferenceException(InferenceError.Unavailable, "the server is stopping"));
        while (_runningCount > 0)
            Fail(_running[_runningCount - 1], new InferenceException(InferenceError.Unavailable, "the server is stopping"));
    }

    private void Admit(Generation generation)
    {
        var session = generation.Session;
        if (session.Slot < 0 && session.Position > 0 && !generation.HasImport)
        {
            End(generation, new GenerationOutcome(GenerationEnd.NeedsState));
            return;
        }
        session.IsRunning = true;
        if (session.Slot < 0)
        {
            _slots.Take(session);
            if (generation.HasImport)
                _runner.WriteSlot(session.Slot, StateIn(generation));
        }
        _running[_runningCount++] = generation;
        generation.StartedAt = _time.GetTimestamp();
        session.Window.Add(generation.RemainingInput[^generation.PromptTokens..]);
        if (generation.RemainingInput.IsEmpty)
            Continue(generation, session.Logits);
    }

    private void DropCancelled()
    {
        for (var i = _runningCount - 1; i >= 0; i--)
        {
            var generation = _running[i];
            if (generation.IsCancelRequested)
                Drop(generation, new GenerationOutcome(GenerationEnd.Cancelled));
            else if (IsReaderGone(generation))
                Fail(generation, new InferenceException(InferenceError.Overloaded,
                    $"the reader took nothing for {Options.ReaderTimeoutSeconds} s; the session is at its previous version"));
        }
    }

    private bool IsReaderGone(Generation generation)
    {
        if (!generation.IsBlocked)
        {
            generation.BlockedAt = 0;
            return false;
        }
        if (generation.BlockedAt == 0)
            generation.BlockedAt = _lastTick;
        return _time.GetElapsedTime(generation.BlockedAt, _lastTick).TotalSeconds > Options.ReaderTimeoutSeconds;
    }

    private void SweepDead()
    {
        _sweepDead = false;
        _slots.ReleaseDead();
    }

    private bool TryRun()
    {
        try
        {
            _runner.Run(_plan, _logits.AsSpan(0, _plan.LogitsCount * _runner.VocabularySize));
            return true;
        }
        catch (Exception e) // an edge: the step loop outlives a runner's fault, and the sessions in it go back to their committed state
        {
            EngineLog.StepFailed(_logger, e);
            for (var i = 0; i < _plan.RowCount; i++)
                Fail(_planned[i], new InferenceException(InferenceError.Unavailable, "the runner failed; the session is at its previous version"));
            return false;
        }
    }

    private void Advance(Generation generation, in PlanRow row)
    {
        var session = generation.Session;
        session.Position += row.TokenCount;
        session.LastUsedStep = _step;
        session.HasLogits = false;
        session.PendingToken = -1;
        generation.Consume(row.TokenCount);
        if (row.LogitsIndex >= 0)
            Continue(generation, _logits.AsSpan(row.LogitsIndex * _runner.VocabularySize, _runner.VocabularySize));
    }

    // The input is consumed.
    private void Continue(Generation generation, ReadOnlySpan<float> logits)
    {
        try
        {
            SampleOrFinish(generation, logits);
        }
        catch (Exception e) // an edge: one generation's fault does not end the step thread
        {
            EngineLog.StepFailed(_logger, e);
            Fail(generation, new InferenceException(InferenceError.Unavailable, "the step failed; the session is at its previous version"));
        }
    }

    private void SampleOrFinish(Generation generation, ReadOnlySpan<float> logits)
    {
        if (generation.MaxTokens == 0)
        {
            KeepLogits(generation.Session, logits);
            Finish(generation, FinishReason.Length, null);
            return;
        }
        var session = generation.Session;
        var suppressed = generation.OutputTokens < generation.MinTokens ? generation.StopTokens : [];
        var outcome = _sampler.Sample(logits, generation.Settings, suppressed, session.Window, session.Random, session.Position,
            _top, out var sampled);
        if (outcome != SampleOutcome.Sampled)
            Fail(generation, SamplingFault(outcome, session.Position));
        else
            Accept(generation, sampled, logits);
    }

    private void Accept(Generation generation, SampledToken sampled, ReadOnlySpan<float> logits)
    {
        var session = generation.Session;
        var index = generation.OutputTokens++;
        if (index == 0)
            generation.FirstTokenAt = _time.GetTimestamp();
        if (generation.StopTokens.AsSpan().Contains(sampled.Id))
        {
            KeepLogits(session, logits);
            Finish(generation, FinishReason.Stop, null);
            return;
        }
        var item = new TokenItem(sampled.Id, index, session.Position, sampled.Logprob, 0, 0);
        var wasHolding = generation.Output.Tokens.Held > 0;
        if (generation.Output.Push(item, _top.AsSpan(0, sampled.TopCount), index >= generation.MinTokens))
        {
            _rollback.TakeBack(generation, sampled.Id, logits, wasHolding);
            Finish(generation, FinishReason.Stop, generation.MatchedStop);
            return;
        }
        _rollback.Follow(generation, logits, wasHolding);
        session.Window.Add(sampled.Id);
        session.PendingToken = sampled.Id;
        session.HasLogits = false;
        generation.SetNext(sampled.Id);
        if (generation.OutputTokens == generation.MaxTokens)
            Finish(generation, FinishReason.Length, null);
    }

    private static void KeepLogits(Session session, ReadOnlySpan<float> logits)
    {
        logits.CopyTo(session.Logits);
        session.HasLogits = true;
        session.PendingToken = -1;
    }

    private void Finish(Generation generation, FinishReason reason, string? matchedStop)
    {
        var session = generation.Session;
        if (matchedStop is null)
            generation.Output.ReleaseAll();
        _rollback.Forget(generation);
        if (session.Id is not null && session.Position > 0)
            _runner.ReadSlot(session.Slot, StateIn(generation));
        var outcome = new GenerationOutcome(GenerationEnd.Finished)
        {
            Reason = reason,
            MatchedStop = matchedStop,
            Text = generation.Output.Finish(endsText: session.Id is null),
            Usage = UsageOf(generation),
        };
        Remove(generation);
        if (session.Id is null)
            _slots.Release(session);
        Metrics.GenerationEnded(generation, outcome.Usage, reason);
        End(generation, outcome);
    }

    private void Fail(Generation generation, InferenceException error) =>
        Drop(generation, new GenerationOutcome(GenerationEnd.Failed) { Error = error });

    // The session object dies: its committed state is in the store.
    private void Drop(Generation generation, GenerationOutcome outcome)
    {
        _rollback.Forget(generation);
        _slots.Release(generation.Session);
        generation.Session.Discard();
        Remove(generation);
        Metrics.GenerationDropped(cancelled: outcome.End == GenerationEnd.Cancelled);
        End(generation, outcome);
    }

    private void Remove(Generation generation)
    {
        generation.Session.IsRunning = false;
        var at = Array.IndexOf(_running, generation, 0, _runningCount);
        if (at < 0)
            return;
        Array.Copy(_running, at + 1, _running, at, --_runningCount - at);
        _running[_runningCount] = null!; // past the count nothing is read
    }

    private static void End(Generation generation, GenerationOutcome outcome)
    {
        generation.Queue.Complete();
        generation.Completion.TrySetResult(outcome);
    }

    private Usage UsageOf(Generation generation)
    {
        var now = _time.GetTimestamp();
        var submitted = generation.SubmittedAt;
        return new Usage(generation.PromptTokens, generation.CachedPosition, generation.OutputTokens,
            _time.GetElapsedTime(submitted, generation.StartedAt),
            generation.FirstTokenAt == 0 ? TimeSpan.Zero : _time.GetElapsedTime(submitted, generation.FirstTokenAt),
            _time.GetElapsedTime(submitted, now));
    }

    private Span<float> StateIn(Generation generation) =>
        MemoryMarshal.Cast<byte, float>(generation.StateBuffer.AsSpan(generation.StateOffset, (int)_runner.StateLayout.Bytes));

    private static InferenceException SamplingFault(SampleOutcome outcome, long position) => outcome == SampleOutcome.NoCandidates
        ? new InferenceException([new FieldViolation("banned_tokens", "leaves no token that can be sampled")])
        : new InferenceException(InferenceError.NonFiniteLogits, $"the model's logits at position {position} are not finite; nothing was committed");
}
