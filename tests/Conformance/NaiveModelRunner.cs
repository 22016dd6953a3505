using Cottention.Inference.Model;
using Cottention.Inference.Runners;
using Cottention.Inference.Runners.Cpu;

namespace Cottention.Conformance;

/// <summary>The readable reference model as a runner: slow, obviously independent of batch and chunks. For tests of what stands on a runner.</summary>
public sealed class NaiveModelRunner(GoldenModel model, int slotCount, int maxRows = 64, int maxTokens = 512) : IModelRunner
{
    private readonly CottentionModelNaive<float> _model = new(model.Config, model.ReadRows);
    private readonly Queue<float[]>[] _provisional = [.. Enumerable.Range(0, slotCount).Select(_ => new Queue<float[]>())];
    private readonly float[][] _slots = [.. Enumerable.Range(0, slotCount).Select(_ => new float[StateLayout.Of(model.Config).ElementCount])];

    // Rows of logits of the last plan that wanted any.
    private readonly List<float[]> _logits = [];

    /// <summary>Called before each plan is run; may throw to play a failing device.</summary>
    public Action<StepPlan> Running { get; set; } = _ => { };

    /// <summary>Called with the logits after each run; may change them.</summary>
    public Action<float[]>? Ran { get; set; }

    public string Device => "naive";

    public string Description => "plain loops";

    public StateLayout StateLayout { get; } = StateLayout.Of(model.Config);

    public int VocabularySize => model.Config.VocabularySize;

    public int SlotCount => slotCount;

    public int MaxRows => maxRows;

    public int MaxTokens => maxTokens;

    public int MaxProvisionalRows => maxRows;

    public int MaxProvisionalTokens => maxTokens;

    public bool DrawsTokens => false;

    public bool RunsAhead => false;

    public void Begin(StepPlan plan)
    {
        Running(plan);
        if (plan.LogitsCount > 0)
            _logits.Clear();
        foreach (var row in plan.Rows)
        {
            _slots[row.Slot].CopyTo(_model.State, 0);
            _provisional[row.Slot].Clear();
            _model.Position = row.Position;
            for (var token = row.TokenStart; token < row.TokenStart + row.TokenCount; token++)
            {
                var scores = _model.Step(plan.Tokens[token]);
                if (row.IsProvisional)
                    _provisional[row.Slot].Enqueue([.. _model.State]);
                if (token < row.FirstLogitsToken)
                    continue;
                Ran?.Invoke(scores);
                _logits.Add([.. scores]);
            }
            if (!row.IsProvisional)
                _model.State.CopyTo(_slots[row.Slot], 0);
        }
    }

    public void End()
    {
    }

    public ReadOnlySpan<float> Logits(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)_logits.Count, nameof(index));
        return _logits[index];
    }

    public int Drawn(int index) => -1;

    public void Commit(int slot, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _provisional[slot].Count);
        for (var i = 0; i < count; i++)
            _slots[slot] = _provisional[slot].Dequeue();
    }

    public void FillSlot(int slot, float value)
    {
        Array.Fill(_slots[slot], value);
        _provisional[slot].Clear();
    }

    public void CopySlot(int source, int destination) => WriteSlot(destination, _slots[source]);

    public int BeginReadSlot(int slot) => slot;

    public void EndReadSlot(int read, Span<float> state) => _slots[read].CopyTo(state);

    public void WriteSlot(int slot, ReadOnlySpan<float> state)
    {
        state.CopyTo(_slots[slot]);
        _provisional[slot].Clear();
    }

    public void Dispose()
    {
    }
}
