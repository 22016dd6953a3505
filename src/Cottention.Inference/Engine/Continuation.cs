using Cottention.Inference.Runners;
using Cottention.Inference.Sampling;
using Microsoft.Extensions.Logging;

namespace Cottention.Inference.Engine;

/// <summary>What happens to a generation after its tokens were run: the next token is sampled and accepted, or the generation ends. Step thread only.</summary>
internal sealed class Continuation(
    IModelRunner runner, RunningSet running, StopRollback rollback, Sampler sampler, EngineMetrics metrics, TimeProvider time, ILogger logger)
{
    private readonly TokenLogprob[] _top = new TokenLogprob[SamplingParameters.MaxLogprobs];

    /// <summary>
    /// Goes through a provisional row: its first token and then every drafted one that is what was sampled before it are
    /// consumed and followed by a token, as if each had been run in a step of its own. The rest is never committed.
    /// </summary>
    /// <param name="generation">In the running set.</param>
    /// <param name="tokens">The row's tokens.</param>
    /// <param name="logitsIndex">Index of the logits after the first token; those after the others follow.</param>
    public void Verify(Generation generation, ReadOnlySpan<int> tokens, int logitsIndex)
    {
        var consumed = 0;
        do
        {
            if (!TryCommit(generation))
                return;
            generation.Consume(1);
            Continue(generation, new Scores(runner, logitsIndex + consumed++));
        }
        while (consumed < tokens.Length && generation.IsRunning && !generation.IsBlocked
            && generation.RemainingInput[0] == tokens[consumed]);
        generation.Verified(drafted: tokens.Length - 1, accepted: consumed - 1);
        metrics.Verified(drafted: tokens.Length - 1, accepted: consumed - 1);
    }

    /// <summary>Has the state consume the next token of the generation's provisional row. False if that failed: the generation has ended with it.</summary>
    /// <param name="generation">In the running set.</param>
    public bool TryCommit(Generation generation)
    {
        try
        {
            runner.Commit(generation.Session.Slot, 1);
            return true;
        }
        catch (Exception e) when (!InferenceEngine.IsLost(e)) // an edge: as below
        {
            Fail(generation, e);
            return false;
        }
    }

    /// <summary>Samples the token that follows, or ends the generation; its input is consumed.</summary>
    /// <param name="generation">In the running set.</param>
    /// <param name="scores">Those after the session's last token.</param>
    public void Continue(Generation generation, Scores scores)
    {
        try
        {
            SampleOrFinish(generation, scores);
        }
        catch (Exception e) when (!InferenceEngine.IsLost(e)) // an edge: one generation's fault does not end the step thread
        {
            Fail(generation, e);
        }
    }

    private void Fail(Generation generation, Exception fault)
    {
        EngineLog.StepFailed(logger, fault);
        running.Fail(generation, new InferenceException(InferenceError.Unavailable, "the step failed; the session is at its previous version"));
    }

    private void SampleOrFinish(Generation generation, Scores scores)
    {
        if (generation.MaxTokens == 0)
        {
            KeepLogits(generation.Session, scores);
            running.Finish(generation, FinishReason.Length, null);
            return;
        }
        if (scores.Drawn is >= 0 and var drawn)
        {
            Accept(generation, new SampledToken(drawn, float.NaN, 0), scores);
            return;
        }
        var session = generation.Session;
        var suppressed = generation.SuppressedAt(generation.OutputTokens);
        var outcome = sampler.Sample(scores.Logits, generation.Settings, suppressed, session.Window, session.Random, session.Position,
            _top, out var sampled);
        if (outcome != SampleOutcome.Sampled)
            running.Fail(generation, SamplingFault(outcome, session.Position));
        else
            Accept(generation, sampled, scores);
    }

    private void Accept(Generation generation, SampledToken sampled, Scores scores)
    {
        var session = generation.Session;
        var index = generation.OutputTokens++;
        if (index == 0)
            generation.FirstTokenAt = time.GetTimestamp();
        if (generation.StopTokens.AsSpan().Contains(sampled.Id))
        {
            KeepLogits(session, scores);
            running.Finish(generation, FinishReason.Stop, null);
            return;
        }
        var item = new TokenItem(sampled.Id, index, session.Position, sampled.Logprob, 0, 0);
        var wasHolding = generation.Output.Tokens.Held > 0;
        if (generation.Output.Push(item, _top.AsSpan(0, sampled.TopCount), index >= generation.MinTokens))
        {
            rollback.TakeBack(generation, sampled.Id, scores, wasHolding);
            running.Finish(generation, FinishReason.Stop, generation.MatchedStop);
            return;
        }
        rollback.Follow(generation, scores, wasHolding);
        session.Remember(sampled.Id);
        session.PendingToken = sampled.Id;
        session.HasLogits = false;
        generation.SetNext(sampled.Id);
        if (generation.OutputTokens == generation.MaxTokens)
            running.Finish(generation, FinishReason.Length, null);
    }

    private static void KeepLogits(Session session, Scores scores)
    {
        scores.Logits.CopyTo(session.Logits);
        session.HasLogits = true;
        session.PendingToken = -1;
    }

    private static InferenceException SamplingFault(SampleOutcome outcome, long position) => outcome == SampleOutcome.NoCandidates
        ? new InferenceException([new FieldViolation("banned_tokens", "leaves no token that can be sampled")])
        : new InferenceException(InferenceError.NonFiniteLogits, $"the model's logits at position {position} are not finite; nothing was committed");
}
