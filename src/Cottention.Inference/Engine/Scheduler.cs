using Cottention.Inference.Runners;

namespace Cottention.Inference.Engine;

/// <summary>
/// Chooses the rows of a step: every generation that decodes, with drafts while those are few, then prompts. Knows no device,
/// no thread and no clock. A row goes on from what the step under way will have consumed, and from the token it will draw.
/// </summary>
/// <remarks>
/// Prompts share the rest of the token budget evenly; what a short one does not need goes to the longer ones. So a prompt of at
/// most its share is consumed in one step whatever else is in prefill, and the longest one moves on in every step. While
/// anything decodes, all prompts together get no more than one chunk: that is how long a token waits for them.
/// </remarks>
/// <param name="prefillChunk">Most prompt tokens of one generation in a step, and of all of them beside a decoding one.</param>
internal sealed class Scheduler(int prefillChunk)
{
    /// <summary>Fills a step; none is under way.</summary>
    public void Fill(ReadOnlySpan<Generation> running, PlannedStep step)
    {
        step.Clear();
        var decoding = CountDecoding(running);
        var mostDrafts = MostDrafts(running.Length, decoding, step.Plan);
        // The shortest first, of equal ones the oldest.
        Span<long> prompts = stackalloc long[running.Length];
        var count = 0;
        for (var i = 0; i < running.Length; i++)
        {
            var generation = running[i];
            if (generation.IsBlocked || generation.IsAwaitingLast)
                continue;
            if (generation.IsDecoding)
                AddDecoding(generation, decoding, mostDrafts, step);
            else if (!generation.RemainingInput.IsEmpty)
                prompts[count++] = ((long)generation.RemainingInput.Length << 32) | (uint)i;
        }
        prompts = prompts[..count];
        prompts.Sort();
        FillPrompts(running, prompts, step);
    }

    /// <summary>
    /// Fills the step after the one that is under way. False where there is nothing to run, or a generation would lose a step by it
    /// whose next token must be seen first.
    /// </summary>
    public bool TryFillAhead(ReadOnlySpan<Generation> running, PlannedStep step)
    {
        var decoding = CountDecoding(running);
        var mostDrafts = MostDrafts(running.Length, decoding, step.Plan);
        foreach (var generation in running)
            if (generation.IsHeldUp(decoding, mostDrafts))
                return false;
        Fill(running, step);
        return step.Plan.RowCount > 0;
    }

    // Drafts of all rows stay within the window, and a plan has room for a token of every generation.
    private static int MostDrafts(int running, int decoding, StepPlan plan) =>
        decoding == 0 ? 0 : (Math.Min(EngineOptions.DraftWindow, plan.MaxTokens - (running - decoding)) / decoding) - 1;

    private void FillPrompts(ReadOnlySpan<Generation> running, ReadOnlySpan<long> prompts, PlannedStep step)
    {
        var plan = step.Plan;
        var budget = plan.MaxTokens - plan.TokenCount;
        if (plan.RowCount > 0)
            budget = Math.Min(budget, Math.Max(prefillChunk, prompts.Length));
        for (var i = 0; i < prompts.Length && budget > 0; i++)
        {
            var generation = running[(int)(uint)prompts[i]];
            var share = Math.Max(1, budget / (prompts.Length - i));
            var tokens = Math.Min(Math.Min(share, prefillChunk), generation.RemainingInput.Length);
            Add(generation, tokens, step);
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

    private static void AddDecoding(Generation generation, int rows, int mostDrafts, PlannedStep step)
    {
        if (generation.AwaitedRow >= 0)
        {
            step.AddAhead(generation);
            return;
        }
        var tokens = generation.InputAndDrafts(rows, mostDrafts);
        step.Add(generation, tokens, tokens.Length, provisional: tokens.Length > 1);
    }

    private static void Add(Generation generation, int count, PlannedStep step)
    {
        var input = generation.RemainingInput;
        step.Add(generation, input[..count], logitsCount: count == input.Length ? 1 : 0);
    }
}
