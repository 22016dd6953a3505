namespace Cottention.Inference.Sampling;

/// <summary>
/// The tokens that may still be picked, in the order of their ids: parallel arrays of id, logit and weight.
/// Preallocated; each cut compacts them in place.
/// </summary>
internal sealed class CandidateSet
{
    private readonly int[] _identity;
    private readonly int[] _ids;
    private readonly float[] _logits;
    private readonly float[] _closeness;
    private readonly double[] _weights;
    private readonly CutSearch _search;
    private readonly float[] _maxima;
    private int _count;

    // The largest logit of the candidates, and the sum of their weights.
    private float _max;
    private double _total;

    /// <summary>Room for <paramref name="capacity"/> tokens.</summary>
    public CandidateSet(int capacity)
    {
        _identity = new int[capacity];
        for (var i = 0; i < capacity; i++)
            _identity[i] = i;
        _ids = new int[capacity];
        _logits = new float[capacity];
        _closeness = new float[capacity];
        _weights = new double[capacity];
        _search = new CutSearch(capacity);
        _maxima = new float[LogitsScan.LaneMaximaCount(capacity)];
    }

    /// <summary>Begins with every token of the processed logits.</summary>
    /// <param name="logits">[n] f32.</param>
    /// <param name="max">The largest of them, finite.</param>
    public void Fill(ReadOnlySpan<float> logits, float max)
    {
        (_count, _max) = (logits.Length, max);
        logits.CopyTo(_logits);
        _identity.AsSpan(0, _count).CopyTo(_ids);
    }

    /// <summary>Begins with the <paramref name="count"/> largest of the processed logits.</summary>
    /// <param name="logits">[n] f32.</param>
    /// <param name="max">The largest of them, finite.</param>
    /// <param name="count">1 or more.</param>
    public void FillTop(ReadOnlySpan<float> logits, float max, int count)
    {
        var maxima = _maxima.AsSpan(0, LogitsScan.LaneMaxima(logits, _maxima));
        if (count > maxima.Length)
        {
            Fill(logits, max);
        }
        else
        {
            // As many strands as tokens are wanted reach this bound, so every token wanted does.
            var bound = CutSearch.ByCount(maxima, max, count).Threshold;
            (_count, _max) = (LogitsScan.Filter(logits, bound, float.NaN, _logits, _ids), max);
        }

        KeepTop(count);
    }

    private void KeepTop(int count)
    {
        if (count >= _count)
            return;
        var cut = CutSearch.ByCount(_logits.AsSpan(0, _count), _max, count);
        Keep(_logits, cut, withWeights: false);
    }

    /// <summary>Gives each candidate its softmax weight.</summary>
    public void Weigh(float temperature) =>
        _total = Softmax.Weigh(_logits.AsSpan(0, _count), _max, temperature, _weights);

    /// <summary>
    /// Keeps the candidates whose surprise -ln p is closest to the expected one until their probabilities sum to
    /// <paramref name="fraction"/>: Meister, Pimentel, Wiher, Cotterell, "Locally typical sampling", arXiv 2202.00666.
    /// </summary>
    public void KeepTypical(double fraction, float temperature)
    {
        var logits = _logits.AsSpan(0, _count);
        var closeness = _closeness.AsSpan(0, _count);
        var mean = Softmax.Mean(logits, _weights.AsSpan(0, _count), _max, temperature, _total);
        Softmax.Closeness(logits, _max, temperature, mean, closeness);
        LogitsScan.TryMax(closeness, out var closest);
        KeepMass(_closeness, closest, fraction);
        LogitsScan.TryMax(_logits.AsSpan(0, _count), out _max);
    }

    /// <summary>
    /// Keeps the most probable candidates until their probabilities sum to <paramref name="fraction"/>:
    /// Holtzman, Buys, Du, Forbes, Choi, "The curious case of neural text degeneration", arXiv 1904.09751.
    /// </summary>
    public void KeepNucleus(double fraction) => KeepMass(_logits, _max, fraction);

    /// <summary>Keeps candidates at least <paramref name="fraction"/> as probable as the best one: Nguyen et al., arXiv 2407.01082.</summary>
    public void KeepProbable(double fraction)
    {
        var least = 0.0;
        for (var i = 0; i < _count; i++)
            least = Math.Max(least, _weights[i]);
        least *= fraction;

        var kept = 0;
        for (var i = 0; i < _count; i++)
            if (_weights[i] >= least)
                Move(i, kept++, withWeights: true);
        _count = kept;
        _total = Softmax.Sum(_weights.AsSpan(0, _count));
    }

    /// <summary>The token at which the running sum of the weights, in the order of ids, passes <paramref name="uniform"/> of the total.</summary>
    public int Draw(double uniform)
    {
        var target = uniform * _total;
        var (sum, last) = (0.0, -1);
        for (var i = 0; i < _count; i++)
        {
            if (!(_weights[i] > 0))
                continue;
            (sum, last) = (sum + _weights[i], i);
            if (sum > target)
                break;
        }

        return _ids[last];
    }

    // Keys may be _logits or _closeness.
    private void KeepMass(float[] keys, float max, double fraction)
    {
        // Never 0, so that something stays however small the product.
        var target = Math.Max(fraction * _total, double.Epsilon);
        var cut = _search.ByMass(keys.AsSpan(0, _count), _weights.AsSpan(0, _count), max, target);
        Keep(keys, cut, withWeights: true);
        _total = Softmax.Sum(_weights.AsSpan(0, _count));
    }

    private void Keep(float[] keys, Cut cut, bool withWeights)
    {
        var source = keys.AsSpan(0, _count);
        var (kept, ties) = (0, 0);
        for (var i = LogitsScan.SkipBelow(source, 0, cut.Threshold); i < source.Length; i++)
        {
            // Keys behind `kept` may be overwritten; those from i on are still the original ones.
            if (keys[i] > cut.Threshold || (keys[i] == cut.Threshold && ties++ < cut.Ties))
                Move(i, kept++, withWeights);
            else
                i = LogitsScan.SkipBelow(source, i + 1, cut.Threshold) - 1;
        }

        _count = kept;
    }

    private void Move(int from, int to, bool withWeights)
    {
        _ids[to] = _ids[from];
        _logits[to] = _logits[from];
        if (withWeights)
            _weights[to] = _weights[from];
    }
}
