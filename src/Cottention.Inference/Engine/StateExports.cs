using System.Collections.Concurrent;
using Cottention.Inference.Runners;
using Microsoft.Extensions.Logging;

namespace Cottention.Inference.Engine;

/// <summary>
/// Brings the states of finished generations out of their slots, beside the steps: each read is begun on the step thread and waited
/// for on a thread of its own, which then lets the caller go on to save it. Reads that the runner does not take yet wait in line.
/// </summary>
internal sealed class StateExports : IDisposable
{
    private readonly IModelRunner _runner;
    private readonly Action _ended;
    private readonly ILogger _logger;
    private readonly Queue<(Generation Generation, GenerationOutcome Outcome)> _waiting;
    private readonly BlockingCollection<Export> _begun = [];
    private readonly Thread _thread;

    // What a read heard that found the device lost; the step thread is told when it begins the next.
    private volatile Exception? _loss;

    /// <param name="runner">Whose slots.</param>
    /// <param name="most">Most generations that are finished at once.</param>
    /// <param name="ended">Called on another thread when a read has ended: the next may begin.</param>
    /// <param name="logger">Hears of faults.</param>
    public StateExports(IModelRunner runner, int most, Action ended, ILogger logger)
    {
        (_runner, _ended, _logger) = (runner, ended, logger);
        _waiting = new Queue<(Generation, GenerationOutcome)>(most);
        _thread = new Thread(EndReads) { IsBackground = true, Name = "cottention exports" };
        _thread.Start();
    }

    /// <summary>Has a finished generation's state read, then the generation let go. Step thread.</summary>
    public void Add(Generation generation, GenerationOutcome outcome)
    {
        _waiting.Enqueue((generation, outcome));
        BeginReads();
    }

    /// <summary>Begins the reads that the runner takes. Step thread.</summary>
    /// <exception cref="InferenceException"><see cref="InferenceError.Unavailable"/>: the device is lost.</exception>
    public void BeginReads()
    {
        if (_loss is { } loss)
            throw new InferenceException(InferenceError.Unavailable, "the device was lost while a state was read", loss);
        while (_waiting.TryPeek(out var next) && TryBegin(next.Generation.Session, out var read))
        {
            _waiting.Dequeue();
            if (read is { } number)
                _begun.Add(new Export(next.Generation, next.Outcome, number));
            else
                LetGo(next.Generation, Failed());
        }
    }

    /// <summary>The steps have ended: ends every read, or, without a device, every generation that waits for one. Step thread.</summary>
    /// <param name="isLost">Whether the device is lost.</param>
    public void Finish(bool isLost)
    {
        while (!isLost && _waiting.Count > 0)
        {
            isLost = !TryBeginReads();
            Thread.Yield();
        }
        while (_waiting.TryDequeue(out var next))
            LetGo(next.Generation, Failed());
        Dispose();
    }

    /// <summary>Waits for the reads under way.</summary>
    public void Dispose()
    {
        if (_begun.IsAddingCompleted)
            return;
        _begun.CompleteAdding();
        _thread.Join();
        _begun.Dispose();
    }

    // False where the device is lost: nobody is left to hear of it.
    private bool TryBeginReads()
    {
        try
        {
            BeginReads();
            return true;
        }
        catch (InferenceException e) when (InferenceEngine.IsLost(e)) // an edge: the step thread ends in good order
        {
            EngineLog.Lost(_logger, e);
            return false;
        }
    }

    // False where the read has to wait; no number where it cannot be.
    private bool TryBegin(Session session, out int? number)
    {
        number = null;
        try
        {
            var read = _runner.BeginReadSlot(session.Slot);
            number = read;
            return read >= 0;
        }
        catch (Exception e) when (!InferenceEngine.IsLost(e)) // an edge: one generation's fault does not end the step thread
        {
            EngineLog.StepFailed(_logger, e);
            return true;
        }
    }

    private void EndReads()
    {
        while (_begun.TryTake(out var export, Timeout.Infinite))
            EndRead(export);
    }

    private void EndRead(Export export)
    {
        var outcome = export.Outcome;
        try
        {
            _runner.EndReadSlot(export.Read, export.Generation.StateIn(_runner.StateLayout));
        }
        catch (Exception e) // an edge: the caller hears of it, and the step thread if the device is lost
        {
            EngineLog.StepFailed(_logger, e);
            outcome = Failed();
            if (InferenceEngine.IsLost(e))
                _loss = e;
        }
        LetGo(export.Generation, outcome);
        _ended();
    }

    private static void LetGo(Generation generation, GenerationOutcome outcome)
    {
        generation.Session.HoldsSlot = false;
        RunningSet.End(generation, outcome);
    }

    private static GenerationOutcome Failed() => new(GenerationEnd.Failed)
    {
        Error = new InferenceException(InferenceError.Unavailable, "the state could not be read from the device; the session is at its previous version"),
    };

    private readonly record struct Export(Generation Generation, GenerationOutcome Outcome, int Read);
}
