using Cottention.Inference.Runners;
using Cottention.Inference.Sampling;

namespace Cottention.Inference.Engine;

/// <summary>
/// Takes tokens that lie wholly inside a stop string back out of a session. When the first token is kept back, the state
/// (which has not consumed it yet) is copied to a slot of the reserve; when the stop string is complete, the copy consumes
/// the tokens that were released since and becomes the session's. Constant in memory, exact to the bit. Step thread only.
/// </summary>
internal sealed class StopRollback(IModelRunner runner, SlotPool slots)
{
    private readonly StepPlan _plan = new(1, Math.Min(runner.MaxTokens, HeldTokens.MaxHeld));

    /// <summary>After a token that did not complete a stop string and before it enters the window: takes, moves or frees the reserve.</summary>
    /// <param name="generation">Whose output has just taken the token.</param>
    /// <param name="scores">What the token was sampled from.</param>
    /// <param name="wasHolding">Whether tokens were kept back before it.</param>
    public void Follow(Generation generation, Scores scores, bool wasHolding)
    {
        var tokens = generation.Output.Tokens;
        if (tokens.Held == 0)
        {
            Forget(generation);
            return;
        }
        if (!wasHolding)
            Take(generation, scores);
        else if (tokens.IsCatchUpDue)
            CatchUp(generation, keep: 1);
    }

    /// <summary>After the token that completed a stop string: leaves the session with every token whose text was released, and no other.</summary>
    public void TakeBack(Generation generation, int token, Scores scores, bool wasHolding)
    {
        var session = generation.Session;
        var tokens = generation.Output.Tokens;
        session.Decoder.Restore([]);
        if (tokens.Held == 0)
        {
            // Part of the token's own text was released: it stays.
            session.Remember(token);
            session.PendingToken = token;
            session.HasLogits = false;
            return;
        }
        if (!wasHolding)
        {
            // The whole stop string came in this token, which the state has not consumed.
            scores.Logits.CopyTo(session.Logits);
            session.HasLogits = true;
            session.PendingToken = -1;
            return;
        }
        var released = tokens.Released.Length;
        CatchUp(generation, keep: Math.Min(released, 1));
        slots.Replace(session, generation.ReserveSlot);
        generation.ReserveSlot = -1;
        session.Position = generation.ReservePosition;
        Copy(generation.ReserveWindow, session.Window);
        session.PendingToken = released > 0 ? tokens.Released[^1] : -1;
        session.HasLogits = released == 0;
        if (released > 0)
            session.Window.Add(session.PendingToken);
    }

    /// <summary>Frees the reserve.</summary>
    public void Forget(Generation generation)
    {
        generation.Output.Tokens.Clear();
        if (generation.ReserveSlot < 0)
            return;
        slots.ReleaseReserve(generation.ReserveSlot);
        generation.ReserveSlot = -1;
    }

    private void Take(Generation generation, Scores scores)
    {
        var session = generation.Session;
        // What was released together with this token's keeping-back is in the state already, or is none of ours.
        generation.Output.Tokens.ForgetReleased(keep: 0);
        generation.ReserveSlot = slots.TakeReserve();
        runner.CopySlot(session.Slot, generation.ReserveSlot);
        generation.ReservePosition = session.Position;
        Copy(session.Window, generation.ReserveWindow);
        scores.Logits.CopyTo(session.Logits);
    }

    // The reserve consumes the released tokens but the newest `keep`.
    private void CatchUp(Generation generation, int keep)
    {
        var tokens = generation.Output.Tokens;
        var due = tokens.Released[..^keep];
        while (!due.IsEmpty)
        {
            var part = due[..Math.Min(due.Length, _plan.MaxTokens)];
            _plan.Clear();
            _plan.Add(generation.ReserveSlot, generation.ReservePosition, part, wantsLogits: false);
            runner.Begin(_plan); // wants no logits, so there is nothing to end
            generation.ReservePosition += part.Length;
            generation.ReserveWindow.Add(part);
            due = due[part.Length..];
        }
        tokens.ForgetReleased(keep);
    }

    private static void Copy(TokenWindow source, TokenWindow destination)
    {
        Span<int> tokens = stackalloc int[TokenWindow.Capacity];
        destination.Restore(tokens[..source.CopyTo(tokens)]);
    }
}
