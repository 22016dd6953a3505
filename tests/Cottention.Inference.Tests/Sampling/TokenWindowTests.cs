using Cottention.Inference.Sampling;

namespace Cottention.Inference.Tests.Sampling;

public sealed class TokenWindowTests
{
    [Fact]
    public void Add_AnyNumberOfTokens_HoldsTheLast256()
    {
        var window = new TokenWindow();
        var all = new List<int>();
        var copy = new int[TokenWindow.Capacity];
        var random = new Random(1);
        for (var round = 0; round < 200; round++)
        {
            var added = Enumerable.Range(0, random.Next(4) == 0 ? random.Next(600) : 1).Select(_ => random.Next()).ToArray();
            all.AddRange(added);

            if (added.Length == 1)
                window.Add(added[0]);
            else
                window.Add(added);

            var expected = all.TakeLast(TokenWindow.Capacity).ToArray();
            Assert.Equal(expected, copy[..window.CopyTo(copy)]);
            Assert.Equal(expected.Reverse(), Enumerable.Range(0, window.Count).Select(age => window[age]));
        }
    }

    [Fact]
    public void Restore_CopiedTokens_GoesOnLikeTheOriginal()
    {
        var (original, restored) = (new TokenWindow(), new TokenWindow());
        original.Add([.. Enumerable.Range(0, 300)]);
        restored.Add([7, 8, 9]);
        var copy = new int[TokenWindow.Capacity];

        restored.Restore(copy.AsSpan(0, original.CopyTo(copy)));
        original.Add(1000);
        restored.Add(1000);

        var again = new int[TokenWindow.Capacity];
        Assert.Equal(original.CopyTo(copy), restored.CopyTo(again));
        Assert.Equal(copy, again);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(2)]
    public void Indexer_AgeNotHeld_Throws(int age)
    {
        var window = new TokenWindow();
        window.Add([1, 2]);

        Assert.Throws<ArgumentOutOfRangeException>(() => window[age]);
    }
}
