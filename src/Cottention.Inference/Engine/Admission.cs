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

    /// <summary>Waits for a place; dispose the result to give it back. Raises <see cref="InferenceError.Overloaded"/> at once when the queue is full.</summary>
    public async ValueTask<Place> EnterAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _inside) > maxRunning + maxQueued)
        {
            Interlocked.Decrement(ref _inside);
            throw new InferenceException(InferenceError.Overloaded, $"{maxRunning} generations run and {maxQueued} wait; try again later");
        }
        try
        {
            await _places.WaitAsync(cancellationToken).ConfigureAwait(false);
            return new Place(this);
        }
        catch
        {
            Interlocked.Decrement(ref _inside);
            throw;
        }
    }

    public void Dispose() => _places.Dispose();

    private void Leave()
    {
        _places.Release();
        Interlocked.Decrement(ref _inside);
    }

    /// <summary>A place in the running set.</summary>
    public sealed class Place(Admission admission) : IDisposable
    {
        private bool _left;

        /// <summary>Gives the place back, once.</summary>
        public void Dispose()
        {
            if (!Interlocked.Exchange(ref _left, true))
                admission.Leave();
        }
    }
}
