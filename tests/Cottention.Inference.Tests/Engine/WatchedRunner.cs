using Cottention.Conformance;
using Cottention.Inference.Runners;

namespace Cottention.Inference.Tests.Engine;

/// <summary>A runner whose steps, commits and transfers of slots are seen, and may be made to fail or to wait.</summary>
internal sealed class WatchedRunner(IModelRunner inner) : RunnerDecorator(inner)
{
    /// <summary>Called before a step begins; may throw.</summary>
    public Action<StepPlan> Begins { get; set; } = _ => { };

    /// <summary>Called after a step has ended; may throw.</summary>
    public Action Ends { get; set; } = () => { };

    /// <summary>Called before a commit; may throw.</summary>
    public Action Commits { get; set; } = () => { };

    /// <summary>Called before a slot is written; may throw.</summary>
    public Action Writes { get; set; } = () => { };

    /// <summary>Called before a read begins: false has it wait; may throw.</summary>
    public Func<bool> ReadBegins { get; set; } = () => true;

    /// <summary>Called on the thread that ends a read, before it does; may throw.</summary>
    public Action ReadEnds { get; set; } = () => { };

    public override void Begin(StepPlan plan)
    {
        Begins(plan);
        base.Begin(plan);
    }

    public override void End()
    {
        base.End();
        Ends();
    }

    public override void Commit(int slot, int count)
    {
        Commits();
        base.Commit(slot, count);
    }

    public override void WriteSlot(int slot, ReadOnlySpan<float> state)
    {
        Writes();
        base.WriteSlot(slot, state);
    }

    public override int BeginReadSlot(int slot) => ReadBegins() ? base.BeginReadSlot(slot) : -1;

    public override void EndReadSlot(int read, Span<float> state)
    {
        ReadEnds();
        base.EndReadSlot(read, state);
    }
}
