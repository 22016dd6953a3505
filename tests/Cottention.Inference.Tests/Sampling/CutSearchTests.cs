using Cottention.Inference.Sampling;

namespace Cottention.Inference.Tests.Sampling;

public sealed class CutSearchTests
{
    private static readonly float[] Extremes =
    [
        float.MinValue, -3e38f, -1e30f, -1, -1e-45f, -0f, 0f, 1e-45f, float.Epsilon * 3, 1e-30f, 1, 1.0000001f, 5, 1e30f, 3e38f, float.MaxValue,
    ];

    [Fact]
    public void ByCount_RandomKeys_KeepsTheLargestAndTheFirstOfTies()
    {
        var random = new Random(1);
        for (var round = 0; round < 3000; round++)
        {
            var keys = Keys(random, 1 + random.Next(round % 10 == 0 ? 400 : 20));
            var count = 1 + random.Next(keys.Length);

            var cut = CutSearch.ByCount(keys, keys.Max(), count);

            Assert.Equal(Largest(keys).Take(count).Order(), Kept(keys, cut));
        }
    }

    [Fact]
    public void ByMass_RandomKeys_KeepsTheFewestThatReachTheTarget()
    {
        var random = new Random(2);
        var search = new CutSearch(4000);
        for (var round = 0; round < 3000; round++)
        {
            var keys = Keys(random, 1 + random.Next(round % 10 == 0 ? 4000 : 20));

            // Whole numbers, so that sums are exact in any order.
            var weights = keys.Select(key => float.IsNegativeInfinity(key) ? 0.0 : random.Next(1, 5)).ToArray();
            var target = random.Next(1, (int)weights.Sum() + 1) - 0.5;

            var cut = search.ByMass(keys, weights, keys.Max(), target);

            var sum = 0.0;
            var expected = Largest(keys).TakeWhile(i => (sum += weights[i]) - weights[i] < target);
            Assert.Equal(expected.Order(), Kept(keys, cut));
        }
    }

    [Fact]
    public void ByMass_EqualKeysOfUnequalWeight_CountsEachByItsOwn()
    {
        var cut = new CutSearch(4).ByMass([1, 1, 1, 1], [1, 5, 1, 1], 1, 5.5);

        Assert.Equal([0, 1], Kept([1, 1, 1, 1], cut));
    }

    private static float[] Keys(Random random, int n)
    {
        var shape = random.Next(4);
        var keys = new float[n];
        for (var i = 0; i < n; i++)
            keys[i] = shape switch
            {
                0 => random.Next(4),
                1 => Extremes[random.Next(Extremes.Length)],
                2 when random.Next(3) == 0 && i > 0 => float.NegativeInfinity,
                _ => 20 * random.NextSingle() - 10,
            };
        return keys;
    }

    private static IEnumerable<int> Largest(float[] keys) =>
        Enumerable.Range(0, keys.Length).OrderByDescending(i => keys[i] + 0f).ThenBy(i => i);

    private static IEnumerable<int> Kept(float[] keys, Cut cut)
    {
        var ties = 0;
        return Enumerable.Range(0, keys.Length).Where(i => keys[i] > cut.Threshold || (keys[i] == cut.Threshold && ties++ < cut.Ties));
    }
}
