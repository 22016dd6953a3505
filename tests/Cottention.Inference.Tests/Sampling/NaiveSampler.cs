using Cottention.Inference.Sampling;

namespace Cottention.Inference.Tests.Sampling;

/// <summary>The sampler's rules in plain loops, sorts and the platform's mathematics. Slow; what the fast one is tested against.</summary>
internal static class NaiveSampler
{
    /// <summary>Probability of each token after every rule; all 0 where no token is left.</summary>
    public static double[] Distribution(
        ReadOnlySpan<float> logits, SamplingParameters p, IReadOnlyList<int> suppressed, IReadOnlyList<int> window, IReadOnlyList<int> dead)
    {
        var edited = Edit(logits, p, suppressed, window, dead);
        var best = edited.Max();
        if (double.IsNegativeInfinity(best))
            return new double[edited.Length];
        var temperature = p.Temperature ?? 1;
        if (temperature == 0)
        {
            var greedy = new double[edited.Length];
            greedy[Array.IndexOf(edited, best)] = 1;
            return greedy;
        }

        var kept = Enumerable.Range(0, edited.Length).OrderByDescending(i => edited[i]).ThenBy(i => i).ToList();
        if (p.TopK is > 0 and var k)
            kept = [.. kept.Take(k)];

        var weights = edited.Select(logit => Math.Exp((logit - best) / temperature)).ToArray();
        if (p.TypicalP is < 1 and var typical)
        {
            var probabilities = Normalise(weights, kept);
            var entropy = -kept.Where(i => probabilities[i] > 0).Sum(i => probabilities[i] * Math.Log(probabilities[i]));
            var ordered = kept.OrderBy(i => (float)Math.Abs(-Math.Log(probabilities[i]) - entropy)).ThenBy(i => i).ToList();
            kept = [.. Until(ordered, probabilities, typical).OrderByDescending(i => edited[i]).ThenBy(i => i)];
        }

        if (p.TopP is < 1 and var nucleus)
            kept = Until(kept, Normalise(weights, kept), nucleus);
        if (p.MinP is > 0 and var fraction)
        {
            var least = fraction * kept.Max(i => weights[i]);
            kept = [.. kept.Where(i => weights[i] >= least)];
        }

        return Normalise(weights, kept);
    }

    /// <summary>The token at which the running sum of the probabilities, by id, passes a uniform number.</summary>
    public static int Draw(double[] distribution, double uniform)
    {
        var sum = 0.0;
        for (var i = 0; i < distribution.Length; i++)
            if ((sum += distribution[i]) > uniform)
                return i;
        return Array.FindLastIndex(distribution, probability => probability > 0);
    }

    /// <summary>ln p of every token in the model's own distribution.</summary>
    public static double[] Logprobs(ReadOnlySpan<float> logits, IReadOnlyList<int> dead)
    {
        var live = logits.ToArray().Select((logit, i) => dead.Contains(i) ? double.NegativeInfinity : logit).ToArray();
        var logSum = Math.Log(live.Sum(logit => Math.Exp(logit - live.Max()))) + live.Max();
        return [.. live.Select(logit => logit - logSum)];
    }

    private static double[] Edit(
        ReadOnlySpan<float> logits, SamplingParameters p, IReadOnlyList<int> suppressed, IReadOnlyList<int> window, IReadOnlyList<int> dead)
    {
        // In float, as the logits are: a rule that lifts one logit to another's value makes a tie.
        var edited = logits.ToArray();
        foreach (var (id, bias) in p.LogitBias ?? new Dictionary<int, float>())
            edited[id] += bias;
        foreach (var group in window.TakeLast(p.PenaltyWindow ?? 64).GroupBy(id => id))
        {
            var penalty = p.RepetitionPenalty ?? 1;
            var logit = edited[group.Key] > 0 ? edited[group.Key] / penalty : edited[group.Key] * penalty;
            edited[group.Key] = logit - (group.Count() * (p.FrequencyPenalty ?? 0) + (p.PresencePenalty ?? 0));
        }

        foreach (var id in (p.BannedTokens ?? []).Concat(suppressed).Concat(dead))
            edited[id] = float.NegativeInfinity;
        return [.. edited.Select(logit => (double)logit)];
    }

    private static List<int> Until(List<int> ordered, double[] probabilities, double mass)
    {
        var sum = 0.0;
        var kept = new List<int>();
        foreach (var id in ordered)
        {
            kept.Add(id);
            if ((sum += probabilities[id]) >= mass)
                break;
        }

        return kept;
    }

    private static double[] Normalise(double[] weights, List<int> kept)
    {
        var total = kept.Sum(i => weights[i]);
        var probabilities = new double[weights.Length];
        foreach (var id in kept)
            probabilities[id] = weights[id] / total;
        return probabilities;
    }
}
