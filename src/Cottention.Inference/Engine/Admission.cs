namespace Cottention.Inference.Engine;

/// <summary>Places in the running set, handed out in the order of asking, and a bounded queue for those who wait. Thread-safe.</summary>
internal sealed class Admission(int maxRunning, int maxQueued) : IDisposable
{
    private readonly SemaphoreSlim _places = new(maxRunning);
    private int _inside;

    /// <summary>Generations that hold a place.</summary>
    public int Running => maxRunning - _places.CurrentCount;

    /// <summary>Generations that wait for one.</summary>
    public int Queued => Math.Max(0, Volatile.Read(ref _inside) - Running);

    /// <summary>A place in the queue, before any work is done for the caller. Raises <see cref="InferenceError.Overloaded"/> at once when it is full.</summary>
    public Place Queue()
    {
        if (Interlocked.Increment(ref _inside) <= maxRunning + maxQueued)
            return new Place(this);
        Interlocked.Decrement(ref _inside);
        throw new InferenceException(InferenceError.Overloaded, $"{maxRunning} generations run and {maxQueued} wait; try again later");
    }

    public void Dispose() => _places.Dispose();

    /// <summary>A caller's place: in the queue, then in the running set.</summary>
    public sealed class Place(Admission admission) : IDisposable
    {
        private bool _running;
        private bool _left;

        /// <summary>Waits until the place is in the running set.</summary>
        public async ValueTask EnterAsync(CancellationToken cancellationToken)
        {
            await admission._places.WaitAsync(cancellationToken).ConfigureAwait(false);
            _running = true;
        }

        /// <summary>Gives the place back, once. Not while <see cref="EnterAsync"/> waits.</summary>
        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, true))
                return;
            if (_running)
                admission._places.Release();
            Interlocked.Decrement(ref admission._inside);
        }
    }
}
