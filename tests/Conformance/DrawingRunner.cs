using Cottention.Inference.Model;
using Cottention.Inference.Runners;

namespace Cottention.Conformance;

/// <summary>A runner that draws, as a device would: from another's logits, by the sampler's exact way, and now and then it is not certain.</summary>
/// <param name="inner">Runs the plans. Disposed with this.</param>
/// <param name="undecided">Share of draws that are left to the host.</param>
public sealed class DrawingRunner(IModelRunner inner, double undecided = 0) : IModelRunner
{
    private readonly ExactDraw _exact = new(inner.VocabularySize);
    private readonly Random _random = new(1);
    private readonly int[] _drawn = new int[inner.MaxRows];

    /// <summary>Draws that were asked for.</summary>
    public int Asked { get; private set; }

    /// <summary>Rows of logits that were looked at by others.</summary>
    public int Fetched { get; private set; }

    public bool DrawsTokens => true;

    public string Device => inner.Device;

    public string Description => inner.Description;

    public StateLayout StateLayout => inner.StateLayout;

    public int VocabularySize => inner.VocabularySize;

    public int SlotCount => inner.SlotCount;

    public int MaxRows => inner.MaxRows;

    public int MaxTokens => inner.MaxTokens;

    public int MaxProvisionalRows => inner.MaxProvisionalRows;

    public int MaxProvisionalTokens => inner.MaxProvisionalTokens;

    public void Run(StepPlan plan)
    {
        inner.Run(plan);
        for (var i = 0; i < plan.LogitsCount; i++)
            _drawn[i] = plan.Draws[i].IsWanted ? Draw(inner.Logits(i), plan.Draws[i]) : -1;
    }

    public ReadOnlySpan<float> Logits(int index)
    {
        Fetched++;
        return inner.Logits(index);
    }

    public int Drawn(int index) => _drawn[index];

    public void Commit(int slot, int count) => inner.Commit(slot, count);

    public void FillSlot(int slot, float value) => inner.FillSlot(slot, value);

    public void CopySlot(int source, int destination) => inner.CopySlot(source, destination);

    public void ReadSlot(int slot, Span<float> state) => inner.ReadSlot(slot, state);

    public void WriteSlot(int slot, ReadOnlySpan<float> state) => inner.WriteSlot(slot, state);

    public void Dispose() => inner.Dispose();

    private int Draw(ReadOnlySpan<float> logits, in RowDraw draw)
    {
        Asked++;
        return _random.NextDouble() < undecided ? -1 : _exact.Token(logits, draw);
    }
}
