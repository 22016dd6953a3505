using Cottention.Inference.Model;
using Cottention.Inference.Runners;

namespace Cottention.Conformance;

/// <summary>A runner that hands everything on to another, which it owns; for tests that change a member or two.</summary>
public abstract class RunnerDecorator(IModelRunner inner) : IModelRunner
{
    public virtual bool DrawsTokens => inner.DrawsTokens;

    public string Device => inner.Device;

    public string Description => inner.Description;

    public StateLayout StateLayout => inner.StateLayout;

    public int VocabularySize => inner.VocabularySize;

    public int SlotCount => inner.SlotCount;

    public int MaxRows => inner.MaxRows;

    public int MaxTokens => inner.MaxTokens;

    public int MaxProvisionalRows => inner.MaxProvisionalRows;

    public int MaxProvisionalTokens => inner.MaxProvisionalTokens;

    public virtual bool RunsAhead => inner.RunsAhead;

    public virtual void Begin(StepPlan plan) => inner.Begin(plan);

    public virtual void End() => inner.End();

    public virtual ReadOnlySpan<float> Logits(int index) => inner.Logits(index);

    public virtual int Drawn(int index) => inner.Drawn(index);

    public virtual void Commit(int slot, int count) => inner.Commit(slot, count);

    public virtual void FillSlot(int slot, float value) => inner.FillSlot(slot, value);

    public virtual void CopySlot(int source, int destination) => inner.CopySlot(source, destination);

    public virtual int BeginReadSlot(int slot) => inner.BeginReadSlot(slot);

    public virtual void EndReadSlot(int read, Span<float> state) => inner.EndReadSlot(read, state);

    public virtual void WriteSlot(int slot, ReadOnlySpan<float> state) => inner.WriteSlot(slot, state);

    public virtual void Dispose()
    {
        inner.Dispose();
        GC.SuppressFinalize(this);
    }
}
