namespace Cottention.Conformance;

/// <summary>How tests count managed bytes.</summary>
public static class Allocations
{
    private const int Rounds = 8;

    /// <summary>
    /// The fewest bytes that this thread allocates in one call of several: a collection that another test causes counts the
    /// rest of the thread's allocation context (8 KiB) as allocated, so one clean call is what proves that nothing is.
    /// </summary>
    public static long Least(Action action)
    {
        var least = long.MaxValue;
        for (var round = 0; round < Rounds && least != 0; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            action();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        return least;
    }
}
