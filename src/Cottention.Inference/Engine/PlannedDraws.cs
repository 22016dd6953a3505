using Cottention.Inference.Runners;
using Cottention.Inference.Sampling;

namespace Cottention.Inference.Engine;

/// <summary>
/// Asks a runner that draws for the tokens of a step, where a draw needs nothing but a row of logits and the session's chance.
/// Every other token is sampled from the logits on the host. Step thread only.
/// </summary>
internal sealed class PlannedDraws(Sampler sampler)
{
    /// <summary>Adds the draws to a plan.</summary>
    /// <param name="plan">Its rows are chosen.</param>
    /// <param name="planned">The generation of each row.</param>
    public void Fill(StepPlan plan, ReadOnlySpan<Generation?> planned)
    {
        for (var i = 0; i < plan.RowCount; i++)
            if (planned[i] is { } generation && IsDrawable(generation))
                Fill(plan, plan.Rows[i], generation);
    }

    private bool IsDrawable(Generation generation) =>
        generation.MaxTokens > 0 && !sampler.HasHoles && generation.Settings.IsPlainDraw;

    private void Fill(StepPlan plan, in PlanRow row, Generation generation)
    {
        var settings = generation.Settings;
        // Position and number of the token that follows each of the row's last tokens, as if those before it were accepted.
        var position = row.Position + row.TokenCount - row.LogitsCount + 1;
        // The token of a row that runs ahead is an output too, though not counted yet.
        var number = generation.OutputTokens + (row.IsAhead ? 1 : 0);
        for (var i = 0; i < row.LogitsCount; i++)
            if (generation.SuppressedAt(number + i).IsEmpty)
                plan.Draw(row.LogitsIndex + i, new RowDraw(
                    settings.IsGreedy ? 0 : generation.Session.Random.Uniform(position + i),
                    settings.TopP, settings.MinP, settings.Temperature, settings.TopK, sampler.Live));
    }
}
