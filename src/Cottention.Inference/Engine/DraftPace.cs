namespace Cottention.Inference.Engine;

/// <summary>
/// How many tokens a generation drafts: more while they are accepted, fewer while they are not, none for a while after misses.
/// Lengths go 1, 3, 7: with the token before them that fills the runner's tiles of 2, 4, 8.
/// </summary>
internal sealed class DraftPace(int maxTokens)
{
    private const int FirstLength = 3;
    private const int LongestPause = 64;

    private int _length = Math.Min(FirstLength, maxTokens);
    private int _pause;
    private int _nextPause = 1;

    /// <summary>Most tokens to draft in this step.</summary>
    public int Next()
    {
        if (_pause == 0)
            return _length;
        _pause--;
        return 0;
    }

    /// <summary>Hears how a draft did.</summary>
    public void Verified(int drafted, int accepted)
    {
        if (accepted > 0)
            _nextPause = 1;
        if (accepted == drafted && drafted == _length)
            _length = Math.Min(maxTokens, (2 * _length) + 1);
        else if (accepted == 0 && _length == 1)
            _pause = _nextPause = Math.Min(LongestPause, 2 * _nextPause);
        else if (accepted == 0 || accepted < drafted / 2)
            _length = Math.Max(1, _length / 2);
    }
}
