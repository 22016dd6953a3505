using Cottention.Cuda.Native;
using Cottention.Inference.Runners;

namespace Cottention.Cuda;

/// <summary>Sends plans to an engine in the form that it reads.</summary>
/// <param name="engine">Sealed.</param>
/// <param name="maxRows">Most rows of a plan, and of its logits.</param>
internal sealed unsafe class CudaStep(EngineHandle engine, int maxRows)
{
    private readonly NativeRow[] _rows = new NativeRow[maxRows];
    private readonly NativeDraw[] _draws = new NativeDraw[maxRows];

    /// <summary>Begins a checked plan; all of it is copied. A token still to be drawn has the same form there as here.</summary>
    public void Begin(StepPlan plan)
    {
        for (var i = 0; i < plan.RowCount; i++)
            _rows[i] = Native(plan.Rows[i]);
        for (var i = 0; plan.HasDraws && i < plan.LogitsCount; i++)
            _draws[i] = Native(plan.Draws[i]);
        fixed (NativeRow* rows = _rows)
        fixed (NativeDraw* draws = _draws)
        fixed (int* tokens = plan.Tokens)
            NativeStatus.Check(NativeMethods.BeginStep(engine, rows, plan.RowCount, tokens, plan.TokenCount, plan.HasDraws ? draws : null));
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
