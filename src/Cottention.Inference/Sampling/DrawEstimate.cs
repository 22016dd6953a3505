namespace Cottention.Inference.Sampling;

/// <summary>
/// Finds the token of a draw from weights that are near the exact ones, in a fraction of their time. It answers only where
/// the answer is further from every other than all rounding together, so that it equals <see cref="CandidateSet"/>'s on
/// every machine; where it is closer than that (about one draw in ten thousand), the caller takes the exact way.
/// For temperature, top_p and min_p; top_k leaves so few candidates that they need no estimate.
/// </summary>
internal sealed class DrawEstimate
{
    /// <summary>What a draw that is too close to call gives.</summary>
    public const int Undecided = -1;

    // Largest error of a weight, as a fraction of it: 2e-10 is the series' own.
    private const double WeightError = 1e-9;

    // Largest error of a sum of weights, as a fraction of all: theirs, and the rounding of a million additions.
    private const double SumError = 10 * WeightError;

    private readonly double[] _weights;
    private readonly double[] _blocks;
    private readonly NucleusEstimate _nucleus;

    /// <summary>Room for <paramref name="capacity"/> tokens.</summary>
    public DrawEstimate(int capacity)
    {
        _blocks = new double[(capacity + WeightEstimate.Block - 1) / WeightEstimate.Block];
        _weights = new double[_blocks.Length * WeightEstimate.Block];
        _nucleus = new NucleusEstimate(capacity, SumError);
    }

    /// <summary>The token of a draw, or <see cref="Undecided"/>.</summary>
    /// <param name="logits">[n] f32, processed.</param>
    /// <param name="max">The largest of them, finite.</param>
    /// <param name="settings">Neither greedy nor with top_k or typical_p.</param>
    /// <param name="uniform">Over [0, 1).</param>
    public int Draw(ReadOnlySpan<float> logits, float max, SamplerSettings settings, double uniform)
    {
        var total = WeightEstimate.Weigh(logits, max, settings.Temperature, _weights, _blocks);
        var kept = new Kept(float.NegativeInfinity, 0);
        if (settings.TopP < 1)
        {
            var weights = _weights.AsSpan(0, logits.Length);
            if (!_nucleus.TryCut(logits, weights, max, settings.Temperature, total, settings.TopP, out var threshold))
                return Undecided;
            kept = kept with { Logit = threshold };
        }

        if (settings.MinP > 0)
        {
            kept = kept with { Weight = settings.MinP };
            if (WeightEstimate.AnyWithin(_weights.AsSpan(0, logits.Length), kept.Weight * (1 - 4 * WeightError), kept.Weight * (1 + 4 * WeightError)))
                return Undecided;
        }

        if (settings.TopP < 1 || settings.MinP > 0)
            total = WeightEstimate.SumBlocks(logits, _weights, kept, _blocks);
        return Find(logits, kept, uniform * total, SumError * total);
    }

    // The first token at which the running sum passes the target, if no error can make it another.
    private int Find(ReadOnlySpan<float> logits, in Kept kept, double target, double margin)
    {
        var (block, sum) = (0, 0.0);
        while (block < _blocks.Length && sum + _blocks[block] <= target)
            sum += _blocks[block++];
        var end = Math.Min(logits.Length, (block + 1) * WeightEstimate.Block);
        for (var i = block * WeightEstimate.Block; i < end; i++)
        {
            if (!kept.Has(logits[i], _weights[i]))
                continue;
            var next = sum + _weights[i];
            if (next > target)
                return next - target > margin && target - sum > margin ? i : Undecided;
            sum = next;
        }

        return Undecided;
    }
}
