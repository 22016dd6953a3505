using Cottention.Training.Data;

namespace Cottention.Training.Tests.Data;

public sealed class BatchReaderTests
{
    private const int EndOfText = 99;
    private const int Length = 8;
    private const int LongestLife = 8;

    [Fact]
    public void Next_RowThatLivesOn_BeginsWithTheLastToken()
    {
        var reader = Reader(rows: 3);
        var before = reader.Next();

        for (var step = 0; step < 200; step++)
        {
            var batch = reader.Next();
            for (var row = 0; row < 3; row++)
                if (!batch.Fresh[row])
                    Assert.Equal(Row(before, row)[^1], Row(batch, row)[0]);
            before = batch;
        }
    }

    [Fact]
    public void Next_Segments_HoldWholeDocumentsInOrder()
    {
        var reader = Reader(rows: 1);

        for (var step = 0; step < 200; step++)
        {
            var row = Row(reader.Next(), 0);
            for (var i = 0; i + 1 < row.Length; i++)
                if (row[i] != EndOfText)
                    Assert.Equal(Following(row[i]), row[i + 1]);
                else
                    Assert.Equal(0, row[i + 1] % 10);
        }
    }

    [Fact]
    public void Next_FirstBatch_IsFreshInEveryRow() => Assert.All(Reader(rows: 4).Next().Fresh, Assert.True);

    [Fact]
    public void Next_LivesOfARow_EndAndBeginWithAndWithoutEndOfText()
    {
        var reader = Reader(rows: 1);

        var batches = Enumerable.Range(0, 10_000).Select(_ => reader.Next()).ToArray();

        var starts = batches.Where(batch => batch.Fresh[0]).Select(batch => batch.Tokens[0]).ToArray();
        // Lives of 1, 2, 4 and 8 segments take 1 : 1/2 : 1/3 : 1/4 of the segments, so a life has 2.083 / 1.365 = 1.53 on average.
        Assert.InRange(starts.Length, 6_200, 6_900);
        Assert.InRange(starts.Count(token => token == EndOfText), starts.Length / 4, starts.Length * 3 / 4);
        Assert.Equal(LongestLife, LongestRun(batches));
    }

    [Fact]
    public void Next_WithoutCarry_IsFreshInEveryRowAlways()
    {
        var reader = new BatchReader([Documents("a", shortest: 4)], [1], rows: 3, Length, EndOfText, seed: 1, longestLife: 1);

        for (var step = 0; step < 100; step++)
            Assert.All(reader.Next().Fresh, Assert.True);
    }

    [Fact]
    public void State_SetOnAnotherReader_GoesOnTheSame()
    {
        var reader = Reader(rows: 3);
        for (var step = 0; step < 57; step++)
            reader.Next();
        var state = reader.State;

        var other = Reader(rows: 3);
        other.State = state;

        for (var step = 0; step < 100; step++)
        {
            var (expected, actual) = (reader.Next(), other.Next());
            Assert.Equal(expected.Tokens, actual.Tokens);
            Assert.Equal(expected.Fresh, actual.Fresh);
        }
    }

    [Fact]
    public void TokensTaken_FollowTheWeights()
    {
        var reader = new BatchReader([Documents("a", 0), Documents("b", 0)], [3, 1], rows: 2, Length, EndOfText, seed: 1, LongestLife);

        for (var step = 0; step < 300; step++)
            reader.Next();

        Assert.InRange(reader.TokensTaken[0] / (double)reader.TokensTaken.Sum(), 0.74, 0.76);
    }

    [Fact]
    public void Next_OtherSeed_GivesOtherOrder() =>
        Assert.NotEqual(Reader(rows: 4, seed: 1).Next().Tokens, Reader(rows: 4, seed: 2).Next().Tokens);

    // Document d holds 10 d, 10 d + 1, ... and the end of text.
    private static DocumentSet Documents(string name, int shortest)
    {
        var documents = Enumerable.Range(0, 9).Select(d => Enumerable.Range(10 * d, shortest + 1 + d % 5).Append(EndOfText).ToArray()).ToArray();
        var starts = new List<int> { 0 };
        foreach (var document in documents)
            starts.Add(starts[^1] + document.Length);
        return new DocumentSet(name, [.. documents.SelectMany(d => d).Select(token => (ushort)token)], [.. starts]);
    }

    private static BatchReader Reader(int rows, ulong seed = 1) =>
        new([Documents("a", shortest: 4)], [1], rows, Length, EndOfText, seed, LongestLife);

    private static long Following(long token) => token % 10 == 4 + token / 10 % 5 ? EndOfText : token + 1;

    private static long[] Row(SegmentBatch batch, int row) => batch.Tokens.AsSpan(row * (Length + 1), Length + 1).ToArray();

    private static int LongestRun(SegmentBatch[] batches)
    {
        var (longest, run) = (0, 0);
        foreach (var batch in batches)
            longest = Math.Max(longest, run = batch.Fresh[0] ? 1 : run + 1);
        return longest;
    }
}
