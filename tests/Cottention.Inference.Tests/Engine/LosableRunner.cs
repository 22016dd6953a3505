using Cottention.Conformance;
using Cottention.Inference.Runners;

namespace Cottention.Inference.Tests.Engine;

/// <summary>A runner whose device is lost in a member, and from then on in every one.</summary>
internal sealed class LosableRunner(IModelRunner inner) : RunnerDecorator(inner)
{
    private bool _isLost;

    /// <summary>Name of the member; null while all is well.</summary>
    public string? Lost { get; set; }

    public override void Begin(StepPlan plan)
    {
        LoseIn(nameof(Begin));
        base.Begin(plan);
    }

    public override void End()
    {
        LoseIn(nameof(End));
        base.End();
    }

    public override void Commit(int slot, int count)
    {
        LoseIn(nameof(Commit));
        base.Commit(slot, count);
    }

    public override void FillSlot(int slot, float value)
    {
        LoseIn(nameof(FillSlot));
        base.FillSlot(slot, value);
    }

    public override int BeginReadSlot(int slot)
    {
        LoseIn(nameof(BeginReadSlot));
        return base.BeginReadSlot(slot);
    }

    public override void EndReadSlot(int read, Span<float> state)
    {
        LoseIn(nameof(EndReadSlot));
        base.EndReadSlot(read, state);
    }

    private void LoseIn(string member)
    {
        _isLost |= member == Lost;
        if (_isLost)
            throw new InferenceException(InferenceError.Unavailable, "the device failed");
    }
}
