using Cottention.Inference.Runners.Cpu.Kernels;

namespace Cottention.Inference.Runners.Cpu;

/// <summary>
/// Tails of slots: unit keys and scaled values of the tokens of a provisional row, <c>[L, H, tokens, 2, Kp] f32</c>. The
/// committed ones are folded into the state lazily, when the slot's next row has each head's state at hand anyway, or when
/// someone looks at the state; taking tokens back is then a counter that did not move. One tail for each provisional row of
/// a plan; a slot that is left alone with committed tokens has its tail folded when another needs it.
/// </summary>
internal sealed unsafe class TailArena : IDisposable
{
    private const int None = -1;

    private readonly StateArena _states;
    private readonly CpuKernelSet _kernels;
    private readonly NativeBuffer _data;
    private readonly NativeBuffer _stateCopies;
    private readonly Tail[] _tails;
    private readonly int[] _tailOfSlot;

    /// <summary>Memory for <paramref name="tailCount"/> tails, and a head's state for each thread; none for 0 tails.</summary>
    public TailArena(StateArena states, CpuKernelSet kernels, int tailCount, int maxTokens, int threads)
    {
        _states = states;
        _kernels = kernels;
        MaxTokens = maxTokens;
        _tails = new Tail[tailCount];
        Array.Fill(_tails, new Tail { Slot = None });
        _tailOfSlot = new int[states.SlotCount];
        Array.Fill(_tailOfSlot, None);
        _data = NativeBuffer.OfFloats((long)tailCount * states.HeadCount * HeadFloats);
        _stateCopies = NativeBuffer.OfFloats(tailCount == 0 ? 0 : (long)threads * states.HeadFloats);
    }

    /// <summary>Number of tails.</summary>
    public int TailCount => _tails.Length;

    /// <summary>Most tokens of a tail.</summary>
    public int MaxTokens { get; }

    // Floats of one head's tail.
    private int HeadFloats => MaxTokens * TokenFloats;

    private int TokenFloats => 2 * _states.PaddedHeadDim;

    /// <summary>Bytes in memory.</summary>
    public long Bytes => _data.Bytes + _stateCopies.Bytes;

    /// <summary>Gives every provisional row of a checked plan a tail.</summary>
    public void Prepare(StepPlan plan)
    {
        foreach (ref readonly var row in plan.Rows)
            if (row.IsProvisional && _tailOfSlot[row.Slot] == None)
                Assign(row.Slot, plan);
    }

    /// <summary>What a row's scan through a head has to do with tails. Any thread, between <see cref="Prepare"/> and <see cref="Complete"/>.</summary>
    public void Join(ref HeadScan scan, in PlanRow row, int head, int thread)
    {
        var index = _tailOfSlot[row.Slot];
        if (index == None)
            return;
        ref readonly var tail = ref _tails[index];
        scan.Pending = Head(index, head) + (tail.Folded * TokenFloats);
        scan.PendingTokens = tail.Committed - tail.Folded;
        if (!row.IsProvisional)
            return;
        scan.Tail = Head(index, head);
        scan.StateCopy = _stateCopies.Floats + ((long)thread * _states.HeadFloats);
    }

    /// <summary>After the plan was run: the states have consumed what was committed before it.</summary>
    public void Complete(StepPlan plan)
    {
        foreach (ref readonly var row in plan.Rows)
            if (row.IsProvisional)
                _tails[_tailOfSlot[row.Slot]] = new Tail { Slot = row.Slot, Count = row.TokenCount };
            else
                Drop(row.Slot);
    }

    /// <summary>See <see cref="IModelRunner.Commit"/>.</summary>
    public void Commit(int slot, int count)
    {
        var index = TailOf(slot);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, index == None ? 0 : _tails[index].Count - _tails[index].Committed);
        if (count > 0)
            _tails[index].Committed += count;
    }

    /// <summary>Has the slot's state consume what is committed.</summary>
    public void Fold(int slot)
    {
        var index = TailOf(slot);
        if (index == None)
            return;
        ref var tail = ref _tails[index];
        if (tail.Committed == tail.Folded)
            return;
        for (var head = 0; head < _states.HeadCount; head++)
            _kernels.Fold(
                _states.Head(slot, head), Head(index, head) + (tail.Folded * TokenFloats), tail.Committed - tail.Folded,
                _states.HeadDim, _states.PaddedHeadDim);
        tail.Folded = tail.Committed;
    }

    /// <summary>Forgets a slot's tail, committed or not.</summary>
    public void Drop(int slot)
    {
        var index = TailOf(slot);
        if (index == None)
            return;
        _tails[index].Slot = None;
        _tailOfSlot[slot] = None;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _data.Dispose();
        _stateCopies.Dispose();
    }

    private void Assign(int slot, StepPlan plan)
    {
        var index = Choose(plan);
        if (_tails[index].Slot is var owner and not None)
        {
            Fold(owner);
            Drop(owner);
        }
        _tails[index] = new Tail { Slot = slot };
        _tailOfSlot[slot] = index;
    }

    // A free tail, or one that no provisional row of the plan has; there are as many tails as such rows, so there is one.
    private int Choose(StepPlan plan)
    {
        var chosen = None;
        for (var index = 0; index < _tails.Length; index++)
        {
            if (_tails[index].Slot == None)
                return index;
            if (!IsProvisional(_tails[index].Slot, plan))
                chosen = index;
        }
        return chosen;
    }

    private int TailOf(int slot)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)slot, (uint)_tailOfSlot.Length, nameof(slot));
        return _tailOfSlot[slot];
    }

    private static bool IsProvisional(int slot, StepPlan plan)
    {
        foreach (ref readonly var row in plan.Rows)
            if (row.Slot == slot)
                return row.IsProvisional;
        return false;
    }

    private float* Head(int tail, int head) => _data.Floats + ((((long)tail * _states.HeadCount) + head) * HeadFloats);

    private struct Tail
    {
        /// <summary>Slot whose tokens it holds, or -1.</summary>
        public int Slot;

        /// <summary>Tokens that it holds.</summary>
        public int Count;

        /// <summary>The first of them that are committed.</summary>
        public int Committed;

        /// <summary>The first of those that the state has consumed.</summary>
        public int Folded;
    }
}
