namespace Cottention.Training.Evaluation;

/// <summary>How well tokens are foretold after so many other tokens.</summary>
/// <param name="First">Fewest tokens read before.</param>
/// <param name="Last">Most tokens read before.</param>
/// <param name="Tokens">Tokens foretold there, all streams together.</param>
/// <param name="TotalNats">Sum of their losses.</param>
/// <param name="Bytes">Bytes of UTF-8 that they stand for.</param>
/// <param name="StandardError">Standard error of the mean loss, from the differences between streams; null for a single stream.</param>
internal sealed record PositionBucket(int First, int Last, long Tokens, double TotalNats, long Bytes, double? StandardError)
{
    private const int SmallestLast = 128;

    /// <summary>Mean loss of a token.</summary>
    public double Nats => TotalNats / Tokens;

    /// <summary>e to the mean loss of a token.</summary>
    public double Perplexity => Math.Exp(Nats);

    /// <summary>The losses in bits over the bytes; null where no token stands for a byte.</summary>
    public double? BitsPerByte => Bytes > 0 ? TotalNats / Math.Log(2) / Bytes : null;

    /// <summary>Bounds of the buckets up to a position: 1-128, 129-256, 257-512 and so on; the last may end early.</summary>
    public static IEnumerable<(int First, int Last)> Bounds(int longest)
    {
        for (var (first, last) = (1, SmallestLast); first <= longest; (first, last) = (last + 1, 2 * last))
            yield return (first, Math.Min(last, longest));
    }

    /// <summary>Sums up what streams have in a bucket.</summary>
    /// <param name="first">Fewest tokens read before.</param>
    /// <param name="last">Most tokens read before.</param>
    /// <param name="losses">Losses of each stream, from position 1 on.</param>
    /// <param name="bytes">Bytes of the bucket's tokens.</param>
    public static PositionBucket Of(int first, int last, IReadOnlyList<double[]> losses, long bytes)
    {
        var sums = losses.Select(stream => stream[(first - 1)..last].Sum()).ToArray();
        var length = last - first + 1;
        double? error = null;
        if (sums.Length > 1)
        {
            var mean = sums.Average() / length;
            var variance = sums.Sum(sum => Math.Pow(sum / length - mean, 2)) / (sums.Length - 1);
            error = Math.Sqrt(variance / sums.Length);
        }
        return new PositionBucket(first, last, (long)length * sums.Length, sums.Sum(), bytes, error);
    }
}
