using System.Runtime;

namespace Cottention.Conformance;

/// <summary>How tests count managed bytes.</summary>
public static class Allocations
{
    private const int MaxRounds = 1000;

    // Of the whole process; far more than is allocated in a call. Without it a processor of small caches collects amid every call.
    private const long BytesWithoutCollection = 64 << 20;

    // One region without collections at a time.
    private static readonly Lock Gate = new();

    /// <summary>
    /// The bytes this thread allocates in a call. The runtime counts the rest of a thread's allocation context (up to 8 KiB)
    /// as allocated when it takes the context away, which a collection does that any test beside this one may cause. So calls
    /// with a collection are repeated, and bytes must show in each of two calls, since a context can also go just before the
    /// collection is counted.
    /// </summary>
    public static long Of(Action action)
    {
        var allocated = InCallWithoutCollection(action);
        return allocated == 0 ? 0 : Math.Min(allocated, InCallWithoutCollection(action));
    }

    private static long InCallWithoutCollection(Action action)
    {
        lock (Gate)
            for (var round = 0; round < MaxRounds; round++)
                if (TryWithoutCollection(action) is { } allocated)
                    return allocated;
        throw new InvalidOperationException($"A collection ran during each of {MaxRounds} calls.");
    }

    private static long? TryWithoutCollection(Action action)
    {
        if (!GC.TryStartNoGCRegion(BytesWithoutCollection))
            return null;
        try
        {
            var collections = GC.CollectionCount(0);
            var before = GC.GetAllocatedBytesForCurrentThread();
            action();
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            return GC.CollectionCount(0) == collections ? allocated : null;
        }
        finally
        {
            EndRegion();
        }
    }

    private static void EndRegion()
    {
        try
        {
            if (GCSettings.LatencyMode == GCLatencyMode.NoGCRegion)
                GC.EndNoGCRegion();
        }
        catch (InvalidOperationException)
        {
            // A collection has ended it since it was looked at.
        }
    }
}
