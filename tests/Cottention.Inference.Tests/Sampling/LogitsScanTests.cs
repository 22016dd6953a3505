using Cottention.Inference.Sampling;

namespace Cottention.Inference.Tests.Sampling;

public sealed class LogitsScanTests
{
    [Fact]
    public void TryMaxAndIndexOf_RandomRows_AgreeWithPlainLoops()
    {
        var random = new Random(1);
        for (var round = 0; round < 1000; round++)
        {
            var logits = SamplingCases.Logits(random, 1 + random.Next(100));
            var threshold = logits[random.Next(logits.Length)];

            Assert.True(LogitsScan.TryMax(logits, out var max));
            Assert.Equal(logits.Max(), max);
            Assert.Equal(Array.IndexOf(logits, max), LogitsScan.IndexOf(logits, max));
            Assert.Equal(logits.Count(logit => logit >= threshold), LogitsScan.CountAtLeast(logits, threshold));
            Assert.Equal(-1, LogitsScan.IndexOf(logits, max + 1));
        }
    }

    [Fact]
    public void SkipBelow_AnyThreshold_JumpsOverNothingThatReachesIt()
    {
        var random = new Random(2);
        for (var round = 0; round < 1000; round++)
        {
            var logits = SamplingCases.Logits(random, 1 + random.Next(100));
            var threshold = logits[random.Next(logits.Length)];
            var start = random.Next(logits.Length + 1);

            var next = LogitsScan.SkipBelow(logits, start, threshold);

            Assert.InRange(next, start, logits.Length);
            Assert.DoesNotContain(logits[start..next], logit => logit >= threshold);
        }
    }

    [Fact]
    public void LaneMaxima_AnyLength_AreTheMaximaOfDisjointStrands()
    {
        var random = new Random(3);
        foreach (var n in new[] { 0, 63, 1023, 1024, 1100, 5000 })
        {
            var logits = n == 0 ? [] : SamplingCases.Logits(random, n);
            var maxima = new float[LogitsScan.LaneMaximaCount(n)];

            var count = LogitsScan.LaneMaxima(logits, maxima);

            Assert.Equal(n / 1024 * 16, count);
            for (var lane = 0; lane < count; lane++)
                Assert.Equal(Enumerable.Range(0, 64).Max(i => logits[lane / 16 * 1024 + i * 16 + lane % 16]), maxima[lane]);
        }
    }

    [Fact]
    public void Filter_AnyBounds_KeepsWhatLiesBetweenInOrder()
    {
        var random = new Random(4);
        for (var round = 0; round < 1000; round++)
        {
            var logits = SamplingCases.Logits(random, 1 + random.Next(100));
            var low = logits[random.Next(logits.Length)];
            var high = random.Next(2) == 0 ? float.NaN : logits[random.Next(logits.Length)];
            var expected = Enumerable.Range(0, logits.Length).Where(i => logits[i] >= low && !(logits[i] >= high)).ToArray();
            var (kept, indices) = (new float[logits.Length], new int[logits.Length]);

            var count = LogitsScan.Filter(logits, low, high, kept, indices);

            Assert.Equal(expected, indices[..count]);
            Assert.Equal(expected.Select(i => logits[i]), kept[..count]);
            // In place.
            Assert.Equal(count, LogitsScan.Filter(logits, low, high, logits, indices));
            Assert.Equal(kept[..count], logits[..count]);
        }
    }
}
