using Cottention.Inference.Runners;

namespace Cottention.Inference.Engine;

/// <summary>
/// Chooses the rows of a step: every generation that decodes, with drafts while those are few, then prompt chunks up to the token budget, shared evenly and
/// starting with another generation each time. Knows no device, no thread and no clock.
/// </summary>
internal sealed class Scheduler(int prefillChunk)
{
    private int _turn;

    /// <summary>Fills the plan; <paramref name="planned"/> gets the generation of each row.</summary>
    public void Fill(ReadOnlySpan<Generation> running, StepPlan plan, Span<Generation> planned)
    {
        plan.Clear();
        var decoding = CountDecoding(running);
        // Drafts of all rows stay within the window, and a plan has room for a token of every generation.
        var window = Math.Min(EngineOptions.DraftWindow, plan.MaxTokens - (running.Length - decoding));
        var prefilling = 0;
        foreach (var generation in running)
        {
            if (generation.IsBlocked)
                continue;
            if (generation.IsDecoding)
                AddDecoding(generation, decoding, (window / decoding) - 1, plan, planned);
            else if (!generation.RemainingInput.IsEmpty)
                prefilling++;
        }
        if (prefilling > 0)
            FillChunks(running, plan, planned, prefilling);
    }

    private void FillChunks(ReadOnlySpan<Generation> running, StepPlan plan, Span<Generation> planned, int prefilling)
    {
        _turn++;
        for (var i = 0; i < running.Length && plan.TokenCount < plan.MaxTokens; i++)
        {
            var generation = running[(int)((uint)(_turn + i) % (uint)running.Length)];
            if (generation.IsDecoding || generation.IsBlocked || generation.RemainingInput.IsEmpty)
                continue;
            var share = Math.Max(1, (plan.MaxTokens - plan.TokenCount) / prefilling--);
            Add(generation, Math.Min(Math.Min(share, prefillChunk), generation.RemainingInput.Length), plan, planned);
        }
    }

    private static int CountDecoding(ReadOnlySpan<Generation> running)
    {
        var decoding = 0;
        foreach (var generation in running)
            if (generation.IsDecoding)
                decoding++;
        return decoding;
    }

    private static void AddDecoding(Generation generation, int rows, int mostDrafts, StepPlan plan, Span<Generation> planned)
    {
        var tokens = generation.InputAndDrafts(rows, mostDrafts);
        planned[plan.RowCount] = generation;
        plan.Add(generation.Session.Slot, generation.Session.Position, tokens, tokens.Length, provisional: tokens.Length > 1);
    }

    private static void Add(Generation generation, int count, StepPlan plan, Span<Generation> planned)
    {
        var input = generation.RemainingInput;
        planned[plan.RowCount] = generation;
        plan.Add(generation.Session.Slot, generation.Session.Position, input[..count], wantsLogits: count == input.Length);
    }
}
