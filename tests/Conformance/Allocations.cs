namespace Cottention.Conformance;

/// <summary>How tests count managed bytes.</summary>
public static class Allocations
{
    private const int MaxRounds = 1000;

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
        for (var round = 0; round < MaxRounds; round++)
        {
            var collections = GC.CollectionCount(0);
            var before = GC.GetAllocatedBytesForCurrentThread();
            action();
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            if (GC.CollectionCount(0) == collections)
                return allocated;
        }
        throw new InvalidOperationException($"A collection ran during each of {MaxRounds} calls.");
    }
}
