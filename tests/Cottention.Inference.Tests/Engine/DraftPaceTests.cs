using Cottention.Inference.Engine;

namespace Cottention.Inference.Tests.Engine;

public sealed class DraftPaceTests
{
    [Fact]
    public void Next_AllAccepted_GrowsToTheMost()
    {
        var pace = new DraftPace(7);

        Assert.Equal([3, 7, 7], Lengths(pace, 3, length => length));
    }

    [Fact]
    public void Next_NoneAccepted_ShrinksAndThenPausesEverLonger()
    {
        var pace = new DraftPace(7);

        Assert.Equal([3, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0], Lengths(pace, 11, _ => 0));
        Assert.InRange(Lengths(pace, 1000, _ => 0).Count(length => length > 0), 10, 25);
    }

    [Fact]
    public void Next_AcceptedAfterAPause_GrowsAgain()
    {
        var pace = new DraftPace(7);
        Lengths(pace, 4, _ => 0);

        Assert.Equal([1, 3, 7], Lengths(pace, 3, length => length));
    }

    [Theory]
    [InlineData(3, 7)]
    [InlineData(2, 3)]
    public void Next_SomeAccepted_KeepsTheLengthFromHalfOn(int accepted, int next)
    {
        var pace = new DraftPace(7);
        Lengths(pace, 2, length => length == 7 ? accepted : length);

        Assert.Equal(next, pace.Next());
    }

    [Fact]
    public void Next_ShortenedByTheStep_DoesNotGrow()
    {
        var pace = new DraftPace(7);

        pace.Verified(drafted: 1, accepted: 1);

        Assert.Equal(3, pace.Next());
    }

    // What is drafted in so many steps, each with a number of accepted tokens.
    private static int[] Lengths(DraftPace pace, int steps, Func<int, int> accept)
    {
        var lengths = new int[steps];
        for (var step = 0; step < steps; step++)
        {
            lengths[step] = pace.Next();
            if (lengths[step] > 0)
                pace.Verified(lengths[step], accept(lengths[step]));
        }
        return lengths;
    }
}
