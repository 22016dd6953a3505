namespace Cottention.Inference.Sampling;

/// <summary>Log-probabilities in the model's own distribution.</summary>
internal static class TopLogprobs
{
    /// <summary>ln p of one logit.</summary>
    /// <param name="logit">The token's logit.</param>
    /// <param name="max">The largest logit.</param>
    /// <param name="logSum">ln of the sum of e^(logit - max); NaN where it was not asked for.</param>
    public static float Of(float logit, float max, double logSum) => (float)((double)logit - max - logSum);

    /// <summary>Writes the most probable tokens, best first, ties to the lowest id; returns how many: fewer where the vocabulary is smaller.</summary>
    public static int Collect(ReadOnlySpan<float> logits, float max, double logSum, Span<TokenLogprob> top)
    {
        if (top.IsEmpty)
            return 0;

        // The list holds logits while it grows; a later equal one goes behind, so the lowest id stays first.
        var count = 0;
        for (var i = 0; i < logits.Length; i++)
        {
            if (count == top.Length)
                i = LogitsScan.SkipBelow(logits, i, top[^1].Logprob);
            if (i == logits.Length || (count == top.Length && !(logits[i] > top[^1].Logprob)))
                continue;
            var place = count < top.Length ? count++ : count - 1;
            for (; place > 0 && top[place - 1].Logprob < logits[i]; place--)
                top[place] = top[place - 1];
            top[place] = new TokenLogprob(i, logits[i]);
        }

        for (var i = 0; i < count; i++)
            top[i] = top[i] with { Logprob = Of(top[i].Logprob, max, logSum) };
        return count;
    }
}
