namespace Cottention.Inference.Runners;

/// <summary>
/// What a plan and the order of steps must keep to before a runner's kernels, which work on bare pointers, see them. One for each
/// runner; allocates nothing after construction.
/// </summary>
internal sealed class PlanRules(IModelRunner runner)
{
    // The number of the last plan that named a slot: two rows of a plan must not share one.
    private readonly long[] _slotPlans = new long[runner.SlotCount];
    private long _planCount;

    // Rows of logits of the steps that were begun last and before that.
    private int _begunLogits;
    private int _begunLogitsBefore;

    /// <summary>Steps under way.</summary>
    public int UnderWay { get; private set; }

    /// <summary>Rows of logits of the step that ended last; 0 where another has taken their place.</summary>
    public int EndedLogits { get; private set; }

    private int MostUnderWay => runner.RunsAhead ? 2 : 1;

    /// <summary>Refuses a plan that does not fit the runner, or does not come at the time.</summary>
    /// <exception cref="ArgumentOutOfRangeException">More than the runner takes, or a slot, position or token that there is not.</exception>
    /// <exception cref="ArgumentException">Two rows name one slot.</exception>
    /// <exception cref="InvalidOperationException">The plan wants logits, and as many steps are under way as may be.</exception>
    public void Check(StepPlan plan)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(plan.RowCount, runner.MaxRows, nameof(plan));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(plan.TokenCount, runner.MaxTokens, nameof(plan));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(plan.LogitsCount, runner.MaxRows, nameof(plan));
        if (plan.LogitsCount > 0 && UnderWay == MostUnderWay)
            throw new InvalidOperationException($"{UnderWay} steps are under way; end one before the next one begins");
        _planCount++;
        var provisional = 0;
        foreach (ref readonly var row in plan.Rows)
        {
            CheckRow(plan, row);
            if (row.IsAhead)
                CheckAhead(plan, row);
            else
                CheckTokens(plan, row);
            if (!row.IsProvisional || row.IsAhead)
                continue;
            ArgumentOutOfRangeException.ThrowIfGreaterThan(++provisional, runner.MaxProvisionalRows, nameof(plan));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(row.TokenCount, runner.MaxProvisionalTokens, nameof(plan));
        }
    }

    /// <summary>The plan that was checked has begun.</summary>
    public void Begun(StepPlan plan)
    {
        if (plan.LogitsCount == 0)
            return;
        (_begunLogits, _begunLogitsBefore) = (plan.LogitsCount, _begunLogits);
        if (++UnderWay == MostUnderWay)
            EndedLogits = 0;
    }

    /// <summary>The oldest step under way is waited for.</summary>
    /// <exception cref="InvalidOperationException">None is under way.</exception>
    public void Ended()
    {
        if (UnderWay == 0)
            throw new InvalidOperationException("no step is under way");
        EndedLogits = UnderWay == 1 ? _begunLogits : _begunLogitsBefore;
        UnderWay--;
    }

    /// <summary>Refuses a row of logits that cannot be read.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The step that ended last has no such row, or another has taken its place.</exception>
    public void CheckLogits(int index) =>
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)EndedLogits, nameof(index));

    private void CheckRow(StepPlan plan, in PlanRow row)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row.Slot, (uint)runner.SlotCount, nameof(plan));
        ArgumentOutOfRangeException.ThrowIfNegative(row.Position, nameof(plan));
        if (_slotPlans[row.Slot] == _planCount)
            throw new ArgumentException($"two rows name slot {row.Slot}", nameof(plan));
        _slotPlans[row.Slot] = _planCount;
    }

    private void CheckTokens(StepPlan plan, in PlanRow row)
    {
        foreach (var token in plan.TokensOf(row))
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)token, (uint)runner.VocabularySize, nameof(plan));
    }

    private void CheckAhead(StepPlan plan, in PlanRow row)
    {
        if (!runner.RunsAhead)
            throw new ArgumentException("a row runs ahead; this runner does not", nameof(plan));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)~plan.Tokens[row.TokenStart], (uint)_begunLogits, nameof(plan));
    }
}
