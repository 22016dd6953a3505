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
}
