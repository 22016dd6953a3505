namespace Cottention.Inference.Runners.Cpu;

/// <summary>The part of a block that one thread owns: whole heads, and panels of the MLP.</summary>
internal readonly record struct BlockShare(int FirstHead, int EndHead, int FirstInnerPanel, int EndInnerPanel)
{
    /// <summary>
    /// Splits a block so that all threads read about as many panels: heads evenly, then the MLP to make up for heads
    /// that do not divide by the threads. Shares begin at multiples of <paramref name="headStep"/> heads and of
    /// <paramref name="panelStep"/> panels.
    /// </summary>
    public static BlockShare[] Split(int heads, int panelsPerHead, int innerPanels, int threads, int headStep, int panelStep)
    {
        var shares = new BlockShare[threads];
        var total = ((long)heads * panelsPerHead) + innerPanels;
        var inner = 0;
        for (var thread = 0; thread < threads; thread++)
        {
            var (first, endStep) = Share.Of((heads + headStep - 1) / headStep, thread, threads);
            var (firstHead, endHead) = (first * headStep, Math.Min(heads, endStep * headStep));
            var wanted = (total * (thread + 1) / threads) - ((long)endHead * panelsPerHead);
            var end = thread == threads - 1 ? innerPanels : (int)Math.Clamp(wanted / panelStep * panelStep, inner, innerPanels);
            shares[thread] = new BlockShare(firstHead, endHead, inner, end);
            inner = end;
        }

        return shares;
    }
}
