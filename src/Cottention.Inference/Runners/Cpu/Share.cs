namespace Cottention.Inference.Runners.Cpu;

/// <summary>A thread's contiguous part of some work.</summary>
internal static class Share
{
    /// <summary>First item and the one after the last; parts differ by at most one.</summary>
    public static (int First, int End) Of(int items, int thread, int threads) =>
        ((int)((long)items * thread / threads), (int)((long)items * (thread + 1) / threads));
}
