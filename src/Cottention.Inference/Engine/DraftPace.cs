namespace Cottention.Inference.Engine;

/// <summary>
/// How many tokens a generation drafts: as many as promise the most tokens for the cost of the step, by how often its drafts
/// were accepted so far. The longer the match that a draft comes from, the more it is worth, so each length of match has a
/// rate of its own. Drafts are of 1, 3 or 7 tokens, which with the token before them fill the runner's tiles.
/// </summary>
internal sealed class DraftPace(DraftCosts costs)
{
    // A draft must promise this much more than none.
    private const double LeastGain = 1.03;

    // Share of the newest token in a rate; share of the start that returns each time no draft is made.
    private const double Learning = 1.0 / 8;
    private const double Forgetting = 1.0 / 64;

    // Rates before anything is known, for matches of 2, 3, 4, 5 to 7, and more tokens.
    private static readonly double[] Start = [0.3, 0.4, 0.5, 0.6, 0.75];

    private readonly double[] _rates = [.. Start];
    private int _kind;

    /// <summary>How many tokens to draft now.</summary>
    /// <param name="match">Tokens of the match that the draft comes from, at least 2.</param>
    /// <param name="rows">Sessions that decode in this step; each is taken to draft as much.</param>
    /// <param name="most">Most tokens to draft.</param>
    public int Length(int match, int rows, int most)
    {
        _kind = match < 5 ? match - 2 : match < 8 ? 3 : 4;
        var (best, bestRate) = (0, LeastGain / costs.Of(rows));
        var (expected, chance) = (1.0, 1.0);
        for (var (length, tile) = (1, 1); length <= most; length++)
        {
            chance *= _rates[_kind];
            expected += chance;
            if (length != tile)
                continue;
            tile = (2 * tile) + 1;
            var rate = expected / costs.Of(rows * (1 + length));
            if (rate > bestRate)
                (best, bestRate) = (length, rate);
        }
        if (best == 0)
            Learn(Start[_kind], Forgetting);
        return best;
    }

    /// <summary>Hears how the draft of the last <see cref="Length"/> did.</summary>
    public void Verified(int drafted, int accepted)
    {
        for (var i = 0; i < accepted; i++)
            Learn(1, Learning);
        if (accepted < drafted)
            Learn(0, Learning);
    }

    private void Learn(double outcome, double share) => _rates[_kind] += (outcome - _rates[_kind]) * share;
}
