using Cottention.Inference.Sampling;

namespace Cottention.Inference.Tests.Sampling;

public sealed class DrawEstimateTests
{
    [Fact]
    public void Draw_RandomRequests_GivesTheExactTokenOrNone()
    {
        var random = new Random(1);
        var (decided, rounds) = (0, 4000);
        for (var round = 0; round < rounds; round++)
        {
            var logits = SamplingCases.Logits(random, 1 + random.Next(round % 10 == 0 ? 5000 : 300));
            var settings = Settings(random);
            var uniform = random.NextDouble();

            var token = new DrawEstimate(logits.Length).Draw(logits, logits.Max(), settings, uniform);

            if (token == DrawEstimate.Undecided)
                continue;
            Assert.Equal(Exact(logits, settings, uniform), token);
            decided++;
        }

        // Rows on a coarse grid are one in five, and with top_p hang on ties.
        Assert.InRange(decided, rounds * 8 / 10, rounds);
    }

    [Fact]
    public void Draw_LargeVocabulary_IsHardlyEverUndecided()
    {
        const int N = 50257;
        var random = new Random(2);
        var estimate = new DrawEstimate(N);
        SamplerSettings[] requests = [new(new()), new(new() { TopP = 0.95f }), new(new() { Temperature = 0.8f, MinP = 0.05f })];
        var undecided = 0;
        for (var round = 0; round < 60; round++)
        {
            var logits = Enumerable.Range(0, N).Select(_ => 8 * (random.NextSingle() + random.NextSingle())).ToArray();
            var settings = requests[round % requests.Length];
            var uniform = random.NextDouble();

            var token = estimate.Draw(logits, logits.Max(), settings, uniform);

            undecided += token == DrawEstimate.Undecided ? 1 : 0;
            if (token != DrawEstimate.Undecided)
                Assert.Equal(Exact(logits, settings, uniform), token);
        }

        Assert.InRange(undecided, 0, 3);
    }

    [Fact]
    public void Draw_UniformAtABorder_IsUndecided()
    {
        // Four equal weights: the border between the second and the third is at a half.
        float[] logits = [1, 1, 1, 1];

        Assert.Equal(DrawEstimate.Undecided, new DrawEstimate(4).Draw(logits, 1, new(new()), 0.5));
        Assert.Equal(2, new DrawEstimate(4).Draw(logits, 1, new(new()), 0.5001));
        Assert.Equal(1, new DrawEstimate(4).Draw(logits, 1, new(new()), 0.4999));
    }

    [Fact]
    public void Draw_EqualTokensAtTheCut_IsUndecided()
    {
        // Of four equal tokens half stay: which two, the exact way says.
        Assert.Equal(DrawEstimate.Undecided, new DrawEstimate(4).Draw([1, 1, 1, 1], 1, new(new() { TopP = 0.4f }), 0.3));
        // Equal ones that stay together are no question.
        Assert.Equal(1, new DrawEstimate(4).Draw([3, 3, 0, -1], 3, new(new() { TopP = 0.97f }), 0.7));
    }

    [Fact]
    public void Draw_ShareAtTheCut_IsUndecided()
    {
        // Two tokens of a half each: one is just what top_p 0.5 asks for, so rounding decides whether the second stays.
        Assert.Equal(DrawEstimate.Undecided, new DrawEstimate(3).Draw([0, -1e-9f, -50], 0, new(new() { TopP = 0.5f }), 0.3));
        // A weight that is just min_p of the best one.
        Assert.Equal(DrawEstimate.Undecided, new DrawEstimate(2).Draw([0, -1], 0, new(new() { MinP = 1 }), 0.3));
    }

    [Theory]
    [InlineData(1e-30f)]
    [InlineData(1e30f)]
    public void Draw_ExtremeTemperature_GivesTheExactTokenOrNone(float temperature)
    {
        float[] logits = [1, 3, 3, float.NegativeInfinity, -1e30f, 2];
        SamplingParameters[] requests = [new(), new() { TopP = 0.5f }, new() { TopP = 0.9f, MinP = 0.1f }];
        foreach (var request in requests)
            foreach (var uniform in new[] { 0, 0.1, 0.45, 0.6, 0.9, 1 - 1e-16 })
            {
                var settings = new SamplerSettings(request with { Temperature = temperature });

                var token = new DrawEstimate(logits.Length).Draw(logits, 3, settings, uniform);

                if (token != DrawEstimate.Undecided)
                    Assert.Equal(Exact(logits, settings, uniform), token);
            }
    }

    [Fact]
    public void Weigh_RandomLogits_IsWithinItsErrorOfTheExactWeights()
    {
        var random = new Random(3);
        foreach (var n in new[] { 1, 7, 128, 129, 1000 })
        {
            var logits = Enumerable.Range(0, n).Select(_ => 60 * random.NextSingle() - 30).ToArray();
            var exact = new double[n];
            var padded = (n + WeightEstimate.Block - 1) / WeightEstimate.Block;
            var (weights, blocks) = (new double[padded * WeightEstimate.Block], new double[padded]);
            var sum = Softmax.Weigh(logits, logits.Max(), 0.7f, exact);

            var total = WeightEstimate.Weigh(logits, logits.Max(), 0.7f, weights, blocks);

            for (var i = 0; i < n; i++)
                Assert.InRange(weights[i] / exact[i], 1 - 3e-10, 1 + 3e-10);
            Assert.All(weights[n..], weight => Assert.Equal(0, weight));
            Assert.InRange(total / sum, 1 - 3e-10, 1 + 3e-10);
            Assert.Equal(total, blocks.Sum());
        }
    }

    private static SamplerSettings Settings(Random random) => new(new()
    {
        Temperature = 0.1f + 2 * random.NextSingle(),
        TopP = random.Next(2) == 0 ? 1 - random.NextSingle() : null,
        MinP = random.Next(3) == 0 ? random.NextSingle() * 0.3f : null,
    });

    private static int Exact(float[] logits, SamplerSettings settings, double uniform)
    {
        var candidates = new CandidateSet(logits.Length);
        candidates.Fill(logits, logits.Max());
        candidates.Weigh(settings.Temperature);
        if (settings.TopP < 1)
            candidates.KeepNucleus(settings.TopP);
        if (settings.MinP > 0)
            candidates.KeepProbable(settings.MinP);
        return candidates.Draw(uniform);
    }
}
