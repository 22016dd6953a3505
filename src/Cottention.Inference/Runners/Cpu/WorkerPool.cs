using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Cottention.Inference.Runners.Cpu;

/// <summary>
/// The runner's threads: the caller and Threads - 1 workers run one job together, with barriers inside it.
/// Workers spin a moment for the next job, since steps follow each other closely, then park until they are woken.
/// One caller at a time. A job that can throw must not use barriers.
/// </summary>
internal sealed class WorkerPool : IDisposable
{
    // How long a worker polls before it parks.
    private static readonly long SpinTicks = Stopwatch.Frequency / 1_000_000 * 80;

    // Polls of a barrier before the thread offers its CPU: another process may hold the CPU of the one awaited.
    private const int PollsBeforeYield = 500;
    private const int PollsBetweenClockReads = 64;

    private readonly Worker[] _workers;
    private Shared _shared;
    private Action<int>? _job;
    private Exception? _failure;
    private bool _stop;

    /// <summary>Starts <paramref name="threads"/> - 1 background threads.</summary>
    public WorkerPool(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threads);
        Threads = threads;
        _workers = new Worker[threads - 1];
        for (var i = 0; i < _workers.Length; i++)
            _workers[i] = new Worker(this, i + 1);
    }

    /// <summary>Threads of a job, the caller's included.</summary>
    public int Threads { get; }

    /// <summary>Runs a job once on every thread, with the thread's number from 0, and waits for all. Allocates nothing. Throws what a thread threw.</summary>
    public void Run(Action<int> job)
    {
        _job = job;
        _failure = null;
        _shared.Arrived = 0;
        _shared.Finished = 0;
        Interlocked.Increment(ref _shared.Generation);
        foreach (var worker in _workers)
            worker.Wake();
        RunShare(job, 0);
        WaitUntil(ref _shared.Finished, _workers.Length);
        if (_failure is { } failure)
            ExceptionDispatchInfo.Throw(failure);
    }

    /// <summary>Waits inside a job until every thread has called it as often. <paramref name="passed"/> starts at 0 for each job.</summary>
    public void Barrier(ref int passed)
    {
        if (Threads == 1)
            return;
        passed += Threads;
        Interlocked.Increment(ref _shared.Arrived);
        WaitUntil(ref _shared.Arrived, passed);
    }

    /// <summary>Ends the threads; no job may run.</summary>
    public void Dispose()
    {
        Volatile.Write(ref _stop, true);
        Interlocked.Increment(ref _shared.Generation);
        foreach (var worker in _workers)
            worker.Dispose();
    }

    private static void WaitUntil(ref int counter, int target)
    {
        for (var polls = 0; Volatile.Read(ref counter) < target; polls++)
            if (polls < PollsBeforeYield)
                Thread.SpinWait(1);
            else
                Thread.Yield();
    }

    private void RunShare(Action<int> job, int thread)
    {
        try
        {
            job(thread);
        }
        catch (Exception e)
        {
            // Carried to the caller of Run: an edge between threads.
            Interlocked.CompareExchange(ref _failure, e, null);
        }
    }

    // What all threads write lies on cache lines of its own.
    [StructLayout(LayoutKind.Explicit, Size = 512)]
    private struct Shared
    {
        [FieldOffset(128)]
        public int Generation;

        [FieldOffset(256)]
        public int Arrived;

        [FieldOffset(384)]
        public int Finished;
    }

    private sealed class Worker : IDisposable
    {
        private readonly WorkerPool _pool;
        private readonly int _number;
        private readonly SemaphoreSlim _wake = new(0);
        private readonly Thread _thread;
        private int _parked;

        public Worker(WorkerPool pool, int number)
        {
            _pool = pool;
            _number = number;
            _thread = new Thread(Loop) { IsBackground = true, Name = $"cottention-cpu-{number}" };
            _thread.Start();
        }

        public void Wake()
        {
            if (Interlocked.Exchange(ref _parked, 0) == 1)
                _wake.Release();
        }

        public void Dispose()
        {
            Wake();
            _thread.Join();
            _wake.Dispose();
        }

        private void Loop()
        {
            for (var seen = 0; ;)
            {
                WaitForNext(seen);
                seen = Volatile.Read(ref _pool._shared.Generation);
                if (Volatile.Read(ref _pool._stop))
                    return;
                // Set before the generation moved on.
                _pool.RunShare(_pool._job!, _number);
                Interlocked.Increment(ref _pool._shared.Finished);
            }
        }

        private void WaitForNext(int seen)
        {
            var start = Stopwatch.GetTimestamp();
            for (var polls = 1; Volatile.Read(ref _pool._shared.Generation) == seen; polls++)
            {
                Thread.SpinWait(1);
                if (polls % PollsBetweenClockReads == 0 && Stopwatch.GetTimestamp() - start > SpinTicks)
                    Park(seen);
            }
        }

        private void Park(int seen)
        {
            Interlocked.Exchange(ref _parked, 1);
            var movedOn = Volatile.Read(ref _pool._shared.Generation) != seen;
            // Whoever takes the flag back decides: if Wake did, its permit is on the way and must be taken.
            if (movedOn && Interlocked.Exchange(ref _parked, 0) == 1)
                return;
            _wake.Wait();
        }
    }
}
