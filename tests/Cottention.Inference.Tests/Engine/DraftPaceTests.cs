using Cottention.Inference.Engine;

namespace Cottention.Inference.Tests.Engine;

public sealed class DraftPaceTests
{
    // Steps of weights that stream from memory, and of weights in a cache.
    private static readonly DraftCosts Streaming = new(1, 1.03, 1.07, 1.28);
    private static readonly DraftCosts Cached = new(1, 1.2, 2, 3.8);

    [Fact]
    public void Length_StepsThatCostTheSame_IsTheMost() => Assert.Equal(7, new DraftPace(DraftCosts.Flat).Length(match: 2, rows: 1, most: 7));

    [Fact]
    public void Length_NewGeneration_DependsOnCosts()
    {
        Assert.Equal(3, new DraftPace(Streaming).Length(match: 3, rows: 1, most: 7));
        Assert.Equal(1, new DraftPace(Cached).Length(match: 3, rows: 1, most: 7));
        Assert.Equal(0, new DraftPace(new DraftCosts(1, 2, 4, 8)).Length(match: 8, rows: 1, most: 7));
    }

    [Fact]
    public void Length_LongerMatch_IsNotShorter()
    {
        var lengths = Enumerable.Range(2, 7).Select(match => new DraftPace(Streaming).Length(match, rows: 1, most: 7)).ToArray();

        Assert.Equal(lengths.Order(), lengths);
        Assert.Equal(7, lengths[^1]);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(3, 3)]
    [InlineData(6, 3)]
    [InlineData(7, 7)]
    public void Length_FewAllowed_FillsATile(int most, int expected) =>
        Assert.Equal(expected, new DraftPace(DraftCosts.Flat).Length(match: 8, rows: 1, most));

    [Fact]
    public void Length_AllAccepted_GrowsToTheMost()
    {
        var pace = new DraftPace(Streaming);

        Assert.Equal(7, Lengths(pace, 10, length => length)[^1]);
    }

    [Fact]
    public void Length_NoneAccepted_DraftsRarely()
    {
        var pace = new DraftPace(Cached);

        var lengths = Lengths(pace, 1000, _ => 0);

        Assert.InRange(lengths.Count(length => length > 0), 5, 60);
        Assert.Equal(1, lengths.Max());
    }

    [Fact]
    public void Length_AcceptedAgainAfterMisses_GrowsAgain()
    {
        var pace = new DraftPace(Streaming);
        Lengths(pace, 100, _ => 0);

        Assert.Equal(7, Lengths(pace, 100, length => length)[^1]);
    }

    [Fact]
    public void Length_MissesOfShortMatches_LeaveLongOnesAlone()
    {
        var pace = new DraftPace(Streaming);
        var before = pace.Length(match: 8, rows: 1, most: 7);
        Lengths(pace, 100, _ => 0);

        Assert.Equal(before, pace.Length(match: 8, rows: 1, most: 7));
    }

    // What is drafted in so many steps of matches of two tokens, each with a number of accepted tokens.
    private static int[] Lengths(DraftPace pace, int steps, Func<int, int> accept)
    {
        var lengths = new int[steps];
        for (var step = 0; step < steps; step++)
        {
            lengths[step] = pace.Length(match: 2, rows: 1, most: 7);
            if (lengths[step] > 0)
                pace.Verified(lengths[step], accept(lengths[step]));
        }
        return lengths;
    }
}
