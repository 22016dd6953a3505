namespace Cottention.PeerBenchmarks;

/// <summary>What was measured of one pair.</summary>
/// <param name="Work">The work.</param>
/// <param name="Format">The weights.</param>
/// <param name="Rounds">The rounds that count.</param>
/// <param name="StepBytes">Bytes of weights and states that a step of ours moves.</param>
/// <param name="OurBytes">Growth of resident memory while our side was built and stepped once.</param>
/// <param name="PeerBytes">The same of the peer.</param>
internal sealed record PairResult(Work Work, FormatPair Format, IReadOnlyList<Round> Rounds, long StepBytes, long OurBytes, long PeerBytes)
{
    /// <summary>Our rate by the peer's, a value a round.</summary>
    public IReadOnlyList<double> Ratios => [.. Rounds.Select(round => round.Peer / round.Ours).Order()];

    /// <summary>Tokens a second of ours, median.</summary>
    public double OurRate => Median(Rounds.Select(round => Work.TokensPerStep / round.Ours));

    /// <summary>Tokens a second of the peer, median.</summary>
    public double PeerRate => Median(Rounds.Select(round => Work.TokensPerStep / round.Peer));

    /// <summary>Raw read, bytes a second, median.</summary>
    public double RawRead => Median(Rounds.Select(round => round.RawRead));

    /// <summary>Share of its round's raw read bandwidth that our step used, median.</summary>
    public double ShareOfRawRead => Median(Rounds.Select(round => StepBytes / round.Ours / round.RawRead));

    /// <summary>Rounds that other work disturbed.</summary>
    public int NotQuiet => Rounds.Count(round => !round.Quiet);

    /// <summary>Median of the rounds' ratios.</summary>
    public double Ratio => Median(Ratios);

    /// <summary>The middle value; of an even number, the mean of the two.</summary>
    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
