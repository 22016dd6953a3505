namespace Cottention.PeerBenchmarks.Sides;

/// <summary>One of two programs that do the same work, step by step. All calls come from one thread.</summary>
internal interface ISide : IDisposable
{
    /// <summary>Puts the side where the next step must start; not part of the time.</summary>
    void Prepare();

    /// <summary>One step, logits included, done when it returns.</summary>
    void Step();
}
