namespace Cottention.Inference.Runners.Cpu;

/// <summary>The part of a block that one thread owns: whole heads, and panels of the MLP.</summary>
internal readonly record struct BlockShare(int FirstHead, int EndHead, int FirstInnerPanel, int EndInnerPanel)
{
    /// <summary>
    /// Splits a block so that all threads read about as many panels: heads evenly, then the MLP to make up for heads
    /// that do not divide by the threads.
    /// </summary>
    public static BlockShare[] Split(int heads, int panelsPerHead, int innerPanels, int threads)
    {
        var shares = new BlockShare[threads];
        var total = ((long)heads * panelsPerHead) + innerPanels;
        var inner = 0;
        for (var thread = 0; thread < threads; thread++)
        {
            var (firstHead, endHead) = Share.Of(heads, thread, threads);
            var wanted = (total * (thread + 1) / threads) - ((long)endHead * panelsPerHead);
            var end = thread == threads - 1 ? innerPanels : (int)Math.Clamp(wanted, inner, innerPanels);
            shares[thread] = new BlockShare(firstHead, endHead, inner, end);
            inner = end;
        }

        return shares;
    }
}
