namespace Cottention.Conformance;

/// <summary>How tests count managed bytes.</summary>
public static class Allocations
{
    private const int MaxRounds = 1000;

    /// <summary>
    /// The bytes this thread allocates in the first call during which no collection ran. A collection, which any test beside
    /// this one may cause, counts the rest of the thread's allocation context (8 KiB) as allocated; nothing else is forgiven.
    /// </summary>
    public static long Of(Action action)
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
