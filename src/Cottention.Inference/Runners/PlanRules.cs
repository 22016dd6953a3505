namespace Cottention.Inference.Runners;

/// <summary>What a plan must keep to before a runner's kernels, which work on bare pointers, see it. One for each runner; allocates nothing after construction.</summary>
internal sealed class PlanRules(IModelRunner runner)
{
    // The number of the last plan that named a slot: two rows of a plan must not share one.
    private readonly long[] _slotPlans = new long[runner.SlotCount];
    private long _planCount;

    /// <summary>Refuses a plan that does not fit the runner.</summary>
    /// <exception cref="ArgumentOutOfRangeException">More than the runner takes, or a slot, position or token that there is not.</exception>
    /// <exception cref="ArgumentException">Two rows name one slot.</exception>
    public void Check(StepPlan plan)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(plan.RowCount, runner.MaxRows, nameof(plan));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(plan.TokenCount, runner.MaxTokens, nameof(plan));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(plan.LogitsCount, runner.MaxRows, nameof(plan));
        _planCount++;
        var provisional = 0;
        foreach (ref readonly var row in plan.Rows)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row.Slot, (uint)runner.SlotCount, nameof(plan));
            ArgumentOutOfRangeException.ThrowIfNegative(row.Position, nameof(plan));
            if (_slotPlans[row.Slot] == _planCount)
                throw new ArgumentException($"two rows name slot {row.Slot}", nameof(plan));
            _slotPlans[row.Slot] = _planCount;
            if (!row.IsProvisional)
                continue;
            ArgumentOutOfRangeException.ThrowIfGreaterThan(++provisional, runner.MaxProvisionalRows, nameof(plan));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(row.TokenCount, runner.MaxProvisionalTokens, nameof(plan));
        }

        foreach (var token in plan.Tokens)
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)token, (uint)runner.VocabularySize, nameof(plan));
    }
}
