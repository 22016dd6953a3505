using Cottention.Cuda.Native;
using Cottention.Inference.Runners;

namespace Cottention.Cuda;

/// <summary>What one step sends to an engine and what comes back: plans as the engine reads them, drawn tokens, logits where somebody looks.</summary>
/// <param name="engine">Sealed.</param>
/// <param name="maxRows">Most rows of a plan, and of its logits.</param>
/// <param name="width">N.</param>
internal sealed unsafe class CudaStep(EngineHandle engine, int maxRows, int width)
{
    private readonly NativeRow[] _rows = new NativeRow[maxRows];
    private readonly NativeDraw[] _draws = new NativeDraw[maxRows];

    // Of the last plan that wanted any logits: its drawn tokens, its rows of logits [maxRows, N], and which of them have been fetched.
    private readonly int[] _drawn = new int[maxRows];
    private readonly float[] _logits = GC.AllocateUninitializedArray<float>(checked(maxRows * width), pinned: true);
    private readonly bool[] _fetched = new bool[maxRows];
    private int _logitsCount;

    /// <summary>Runs a checked plan: to its end where it wants logits, else onto the device.</summary>
    public void Run(StepPlan plan)
    {
        for (var i = 0; i < plan.RowCount; i++)
            _rows[i] = Native(plan.Rows[i]);
        for (var i = 0; plan.HasDraws && i < plan.LogitsCount; i++)
            _draws[i] = Native(plan.Draws[i]);
        if (plan.LogitsCount > 0)
            _logitsCount = 0; // there are none should the step fail
        _fetched.AsSpan(0, plan.LogitsCount).Clear();
        _drawn.AsSpan(0, plan.LogitsCount).Fill(NativeDraw.Undecided);
        fixed (NativeRow* rows = _rows)
        fixed (NativeDraw* draws = _draws)
        fixed (int* tokens = plan.Tokens)
        fixed (int* drawn = _drawn)
        {
            NativeStatus.Check(NativeMethods.BeginStep(engine, rows, plan.RowCount, tokens, plan.TokenCount, plan.HasDraws ? draws : null));
            if (plan.LogitsCount == 0)
                return; // such a step has nothing to end: what comes later comes after it
            NativeStatus.Check(NativeMethods.EndStep(engine, plan.HasDraws ? drawn : null));
        }

        _logitsCount = plan.LogitsCount;
    }

    /// <summary>A row of logits, [N] f32.</summary>
    public ReadOnlySpan<float> Logits(int index)
    {
        Check(index);
        if (!_fetched[index])
            Fetch(index);
        return _logits.AsSpan(index * width, width);
    }

    /// <summary>The token drawn from a row of logits, or -1.</summary>
    public int Drawn(int index)
    {
        Check(index);
        return _drawn[index];
    }

    private void Check(int index) => ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)_logitsCount, nameof(index));

    // This row and those behind it that no token was drawn from: they will be asked for as well, and one way costs hardly more than another.
    private void Fetch(int index)
    {
        var end = index + 1;
        while (end < _logitsCount && _drawn[end] < 0 && !_fetched[end])
            end++;
        fixed (float* logits = _logits)
            NativeStatus.Check(NativeMethods.ReadLogits(engine, index, end - index, logits + ((long)index * width)));
        _fetched.AsSpan(index, end - index).Fill(true);
    }

    private static NativeRow Native(in PlanRow row) => new()
    {
        Position = row.Position,
        Slot = row.Slot,
        TokenCount = row.TokenCount,
        LogitsCount = row.LogitsCount,
        IsProvisional = row.IsProvisional ? 1 : 0,
    };

    private static NativeDraw Native(in RowDraw draw) => new()
    {
        Uniform = draw.Uniform,
        TopP = draw.TopP,
        MinP = draw.MinP,
        Temperature = draw.Temperature,
        TopK = draw.TopK,
        Live = draw.Live,
        Wanted = draw.IsWanted ? 1 : 0,
    };
}
