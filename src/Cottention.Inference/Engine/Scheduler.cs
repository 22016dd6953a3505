using Cottention.Inference.Runners;

namespace Cottention.Inference.Engine;

/// <summary>
/// Chooses the rows of a step: every generation that decodes, with drafts while those are few, then prompts. Knows no device,
/// no thread and no clock.
/// </summary>
/// <remarks>
/// Prompts share the rest of the token budget evenly; what a short one does not need goes to the longer ones. So a prompt of at
/// most its share is consumed in one step whatever else is in prefill, and the longest one moves on in every step. While
/// anything decodes, all prompts together get no more than one chunk: that is how long a token waits for them.
/// </remarks>
/// <param name="prefillChunk">Most prompt tokens of one generation in a step, and of all of them beside a decoding one.</param>
internal sealed class Scheduler(int prefillChunk)
{
    /// <summary>Fills the plan; <paramref name="planned"/> gets the generation of each row.</summary>
    public void Fill(ReadOnlySpan<Generation> running, StepPlan plan, Span<Generation> planned)
    {
        plan.Clear();
        var decoding = CountDecoding(running);
        // Drafts of all rows stay within the window, and a plan has room for a token of every generation.
        var window = Math.Min(EngineOptions.DraftWindow, plan.MaxTokens - (running.Length - decoding));
        // The shortest first, of equal ones the oldest.
        Span<long> prompts = stackalloc long[running.Length];
        var count = 0;
        for (var i = 0; i < running.Length; i++)
        {
            var generation = running[i];
            if (generation.IsBlocked)
                continue;
            if (generation.IsDecoding)
                AddDecoding(generation, decoding, (window / decoding) - 1, plan, planned);
            else if (!generation.RemainingInput.IsEmpty)
                prompts[count++] = ((long)generation.RemainingInput.Length << 32) | (uint)i;
        }
        prompts = prompts[..count];
        prompts.Sort();
        FillPrompts(running, prompts, plan, planned);
    }

    private void FillPrompts(ReadOnlySpan<Generation> running, ReadOnlySpan<long> prompts, StepPlan plan, Span<Generation> planned)
    {
        var budget = plan.MaxTokens - plan.TokenCount;
        if (plan.RowCount > 0)
            budget = Math.Min(budget, Math.Max(prefillChunk, prompts.Length));
        for (var i = 0; i < prompts.Length && budget > 0; i++)
        {
            var generation = running[(int)(uint)prompts[i]];
            var share = Math.Max(1, budget / (prompts.Length - i));
            var tokens = Math.Min(Math.Min(share, prefillChunk), generation.RemainingInput.Length);
            Add(generation, tokens, plan, planned);
            budget -= tokens;
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
