using Cottention.Conformance;
using Cottention.Inference.Engine;

namespace Cottention.Inference.Tests.Engine;

public sealed class DraftTableTests
{
    [Fact]
    public void Propose_TokensSeenBefore_GivesWhatFollowedThem()
    {
        var table = Table(1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3);

        Assert.Equal([4, 5, 6, 7], Propose(table, 4));
    }

    [Fact]
    public void Propose_SeenTwice_GivesWhatFollowedLast()
    {
        var table = Table(1, 2, 3, 4, 4, 1, 2, 3, 5, 6, 1, 2, 3);

        Assert.Equal([5, 6], Propose(table, 2));
    }

    [Fact]
    public void Propose_OnlyTwoTokensSeenBefore_FallsBackToThem()
    {
        var table = Table(1, 2, 3, 9, 2, 3);

        Assert.Equal([9, 2], Propose(table, 2));
    }

    [Theory]
    [InlineData(0, 1, 2, 3, 4)]
    [InlineData(2, 1, 2, 5, 9, 1, 2)]
    [InlineData(3, 6, 1, 2, 3, 5, 9, 1, 2, 3)]
    [InlineData(5, 7, 7, 7, 7, 7, 7)]
    [InlineData(8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9)]
    public void Find_TokensSeenBefore_GivesTheLengthOfTheMatch(int expected, params int[] tokens)
    {
        Assert.Equal(expected, Table(tokens).Find(out _));
    }

    [Fact]
    public void Propose_InALoop_RepeatsTheLoop()
    {
        var table = Table(9, 1, 2, 1, 2, 1, 2);

        Assert.Equal([1, 2, 1, 2, 1, 2, 1], Propose(table, 7));
    }

    [Fact]
    public void Propose_SameTokenOverAndOver_RepeatsIt()
    {
        Assert.Equal([7, 7, 7], Propose(Table(7, 7, 7, 7), 3));
    }

    [Theory]
    [InlineData]
    [InlineData(1)]
    [InlineData(1, 1)]
    [InlineData(1, 2, 3, 4, 5)]
    [InlineData(1, 2, 3, 4, 3)]
    public void Propose_NothingSeenBefore_GivesNothing(params int[] tokens)
    {
        Assert.Empty(Propose(Table(tokens), 4));
    }

    [Fact]
    public void Propose_SeenLongerAgoThanTheRingHolds_GivesNothing()
    {
        var filler = Enumerable.Repeat(1000, DraftTable.RingTokens).ToArray();

        Assert.Empty(Propose(Table([1, 2, 3, 4, .. filler, 1, 2, 3]), 4));
        Assert.Equal([4, 1000], Propose(Table([1, 2, 3, 4, .. filler[..^7], 1, 2, 3]), 2));
    }

    [Fact]
    public void Propose_AnyText_IsWhatASearchOfTheRingFinds()
    {
        // Few different tokens, so that matches are many; more than three rings of them.
        var random = new Random(1);
        var table = new DraftTable();
        var text = new List<int>();
        var proposals = 0;
        for (var i = 0; i < 3 * DraftTable.RingTokens; i++)
        {
            text.Add(random.Next(40));
            table.Add(text[^1]);
            var draft = Propose(table, 3);
            if (draft.Length == 0)
                continue;
            proposals++;
            Assert.True(FollowsTheSameTwo(text, draft), $"token {i}");
        }

        Assert.True(proposals > DraftTable.RingTokens);
    }

    [Fact]
    public void AddFindCopy_AllocateNothing()
    {
        var table = Table(1, 2, 3, 1, 2);
        var draft = new int[7];

        Assert.Equal(0, Allocations.Of(() =>
        {
            for (var i = 0; i < 10_000; i++)
            {
                table.Add(i % 50);
                if (table.Find(out var distance) > 0)
                    table.Copy(distance, draft);
            }
        }));
    }

    // Whether somewhere in the newest tokens the last two come before the draft.
    private static bool FollowsTheSameTwo(List<int> text, int[] draft)
    {
        int[] extended = [.. text, .. draft];
        for (var at = Math.Max(2, text.Count - DraftTable.RingTokens); at < text.Count; at++)
            if (text[at - 2] == text[^2] && text[at - 1] == text[^1] && extended.AsSpan(at, draft.Length).SequenceEqual(draft))
                return true;
        return false;
    }

    private static DraftTable Table(params int[] tokens)
    {
        var table = new DraftTable();
        table.Add(tokens);
        return table;
    }

    private static int[] Propose(DraftTable table, int count)
    {
        var draft = new int[count];
        if (table.Find(out var distance) == 0)
            return [];
        table.Copy(distance, draft);
        return draft;
    }
}
