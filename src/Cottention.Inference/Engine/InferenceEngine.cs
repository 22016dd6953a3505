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
    private readonly SlotPool _slots;
    private readonly StateExports _exports;
    private readonly RunningSet _running;
    private readonly Continuation _continuation;
    private readonly StepPipeline _pipeline;
    private readonly Channel<Generation> _submitted;
    private readonly AutoResetEvent _wake = new(false);
    private readonly Thread _thread;
    private long _lastTick;
    private volatile bool _stopping;
    private volatile bool _sweepDead;

    /// <summary>Starts the step thread. The engine owns the runner from now on.</summary>
    /// <param name="model">The model that the runner runs.</param>
    /// <param name="runner">Needs <see cref="EngineOptions.TotalSlots"/> slots, <see cref="EngineOptions.TotalRows"/> rows and tokens for TokenBudget.</param>
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
        _slots = new SlotPool(runner, options) { Parked = session => Parked?.Invoke(session) };
        if (options.DraftTokens > 0)
            DraftCosts = options.DraftCosts ?? _slots.WithReserve(slot => DraftCosts.Measure(runner, slot, time));
        var rollback = new StopRollback(runner, _slots);
        var sampler = new Sampler(runner.VocabularySize, model.Tokenizer.DeadTokens);
        _exports = new StateExports(runner, options.MaxRunning, Wake, logger);
        _running = new RunningSet(_slots, rollback, _exports, options.MaxRunning, metrics, time);
        _continuation = new Continuation(runner, _running, rollback, sampler, metrics, time, logger);
        var draws = runner.DrawsTokens ? new PlannedDraws(sampler) : null;
        _pipeline = new StepPipeline(runner, _running, _continuation, draws, options, metrics, time, logger);
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

    /// <summary>What steps cost, for drafts; null where there are none.</summary>
    internal DraftCosts? DraftCosts { get; }

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

    /// <summary>One turn of the engine: take, then plan, run, sample and publish, retire. False if there was nothing to do.</summary>
    internal bool Step()
    {
        Volatile.Write(ref _lastTick, _time.GetTimestamp());
        while (_submitted.Reader.TryRead(out var generation))
            Admit(generation);
        if (_sweepDead)
            SweepDead();
        DropCancelled();
        _exports.BeginReads();
        return _pipeline.Step();
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
            EndAll(isLost: false);
        else
            await Task.Run(_thread.Join).ConfigureAwait(false);
        // _wake stays open: a reader that lags behind may still set it.
        _runner.Dispose();
    }

    private void Loop()
    {
        EngineLog.Started(_logger, RunnerDescription, Options.MaxRunning, Options.SessionSlots);
        var isLost = false;
        try
        {
            while (!_stopping)
                if (!Step())
                    _wake.WaitOne(IdleTick);
        }
        catch (Exception e) // an edge: the thread ends in good order, and whoever looks at its ticks sees that it has
        {
            EngineLog.Lost(_logger, e);
            _submitted.Writer.TryComplete();
            isLost = true;
        }
        EndAll(isLost);
        EngineLog.Stopped(_logger);
    }

    private void EndAll(bool isLost)
    {
        while (_submitted.Reader.TryRead(out var generation))
            _running.Fail(generation, new InferenceException(InferenceError.Unavailable, "the server is stopping"));
        while (!_running.All.IsEmpty)
            _running.Fail(_running.All[^1], new InferenceException(InferenceError.Unavailable, "the server is stopping"));
        _exports.Finish(isLost);
    }

    private void Admit(Generation generation)
    {
        var session = generation.Session;
        if (session.Slot < 0 && session.Position > 0 && !generation.HasImport)
        {
            RunningSet.End(generation, new GenerationOutcome(GenerationEnd.NeedsState));
            return;
        }
        _running.Add(generation);
        if (session.Slot < 0 && !TryResume(generation))
            return;
        generation.StartedAt = _time.GetTimestamp();
        session.Remember(generation.RemainingInput[^generation.PromptTokens..]);
        if (generation.RemainingInput.IsEmpty)
            _continuation.Continue(generation, new Scores(session.Logits));
    }

    // False if the runner failed, and with it the generation.
    private bool TryResume(Generation generation)
    {
        try
        {
            _slots.Take(generation.Session);
            if (generation.HasImport)
                _runner.WriteSlot(generation.Session.Slot, generation.StateIn(_runner.StateLayout));
            return true;
        }
        catch (Exception e) when (!IsLost(e)) // an edge: one generation's fault does not end the step thread
        {
            EngineLog.StepFailed(_logger, e);
            _running.Fail(generation, new InferenceException(InferenceError.Unavailable, "the state could not be brought to the device; the session is at its previous version"));
            return false;
        }
    }

    private void DropCancelled()
    {
        for (var i = _running.All.Length - 1; i >= 0; i--)
        {
            var generation = _running.All[i];
            if (generation.IsCancelRequested)
                _running.Drop(generation, new GenerationOutcome(GenerationEnd.Cancelled));
            else if (IsReaderGone(generation))
                _running.Fail(generation, new InferenceException(InferenceError.Overloaded,
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

    /// <summary>Whether an exception of the runner says that its device is lost.</summary>
    internal static bool IsLost(Exception e) => e is InferenceException { Error: InferenceError.Unavailable };
}
