namespace Cottention.Inference.Runners;

/// <summary>One session's part of a step: a slot and a span of the plan's tokens.</summary>
/// <param name="Slot">Slot whose state consumes the tokens; at most one row of a plan names it.</param>
/// <param name="Position">Tokens the state has consumed before this row: the rotary position of the row's first token.</param>
/// <param name="TokenStart">Index of the row's first token in <see cref="StepPlan.Tokens"/>.</param>
/// <param name="TokenCount">Tokens of this row, at least 1.</param>
/// <param name="LogitsIndex">First of the row's rows of logits, or -1 for none.</param>
/// <param name="LogitsCount">
/// Rows of logits <c>[B, N]</c>: the scores after each of the row's last tokens. The engine wants 0 or 1; more are for
/// measuring how well a text is foretold.
/// </param>
/// <param name="IsProvisional">
/// Whether the slot's state stays where it is until <see cref="IModelRunner.Commit"/> says how many of the tokens it consumes.
/// </param>
/// <param name="IsAhead">
/// Whether the row's one token is still to be drawn, by the step that began before: see <see cref="StepPlan.AddAhead"/>. Such a row is
/// provisional.
/// </param>
public readonly record struct PlanRow(
    int Slot, long Position, int TokenStart, int TokenCount, int LogitsIndex, int LogitsCount, bool IsProvisional = false, bool IsAhead = false)
{
    /// <summary>Index in <see cref="StepPlan.Tokens"/> of the first token after which scores are wanted.</summary>
    public int FirstLogitsToken => TokenStart + TokenCount - LogitsCount;
}
