using Cottention.Conformance;
using Cottention.Inference.Sampling;

namespace Cottention.Inference.Tests.Sampling;

public sealed class SamplerTests
{
    private static readonly float Nothing = float.NegativeInfinity;

    [Fact]
    public void Sample_TemperatureZero_TakesTheBestAndTiesToTheLowestId()
    {
        Assert.Equal(2, Pick([1, 2, 5, 4], new() { Temperature = 0 }));
        Assert.Equal(1, Pick([1, 5, 5, 5], new() { Temperature = 0 }));
        Assert.Equal(0, Pick([-0f, 0f], new() { Temperature = 0 }));
        Assert.Equal(1, Pick([Nothing, -3e38f, Nothing], new() { Temperature = 0 }));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Sample_NonFiniteLogit_IsReportedWhereverItStands(float bad)
    {
        foreach (var n in new[] { 1, 8, 63, 100 })
            for (var i = 0; i < n; i++)
            {
                var logits = new float[n];
                logits[i] = bad;
                Assert.Equal(SampleOutcome.NonFiniteLogits, Run(logits, new(), out var sampled));
                Assert.Equal(SampleOutcome.NonFiniteLogits, Run(logits, new() { Temperature = 0, BannedTokens = [i] }, out _));
                Assert.Equal(-1, sampled.Id);
            }
    }

    [Fact]
    public void Sample_NothingAboveMinusInfinity_IsReportedAsTheModelsFault()
    {
        Assert.Equal(SampleOutcome.NonFiniteLogits, Run([Nothing, Nothing], new(), out _));
    }

    [Fact]
    public void Sample_EverythingBanned_IsReportedAsTheRequestsFault()
    {
        Assert.Equal(SampleOutcome.NoCandidates, Run([1, 2], new() { BannedTokens = [0, 1] }, out _));
        Assert.Equal(SampleOutcome.NoCandidates, Run([1, Nothing], new() { BannedTokens = [0] }, out _));
    }

    [Fact]
    public void Sample_DeadTokens_AreNeverTakenWhateverTheirLogits()
    {
        // A hole at 1 and padding from 4 on; even NaN there does not matter.
        var sampler = new Sampler(6, [1, 4, 5]);
        float[] logits = [0, 9, 1, 0, float.NaN, 9];
        var seen = new HashSet<int>();

        for (var position = 0; position < 500; position++)
        {
            var outcome = sampler.Sample(
                logits, new SamplerSettings(new()), [], new TokenWindow(), new RandomState(1), position, [], out var sampled);
            Assert.Equal(SampleOutcome.Sampled, outcome);
            seen.Add(sampled.Id);
        }

        Assert.Equal([0, 2, 3], seen.Order());
        sampler.Sample(
            logits, new SamplerSettings(new() { Temperature = 0 }), [], new TokenWindow(), new RandomState(1), 0, [], out var best);
        Assert.Equal(2, best.Id);
    }

    [Fact]
    public void Sample_LeavesTheLogitsAlone()
    {
        float[] logits = [1, 2, 3];

        Pick(logits, new() { BannedTokens = [2], LogitBias = new Dictionary<int, float> { [0] = 5 } });

        Assert.Equal([1, 2, 3], logits);
    }

    [Fact]
    public void Sample_SuppressedTokens_AreNotTaken()
    {
        var settings = new SamplerSettings(new() { Temperature = 0 });

        new Sampler(3).Sample([1, 3, 2], settings, [1], new TokenWindow(), new RandomState(1), 0, [], out var sampled);

        Assert.Equal(2, sampled.Id);
    }

    // Two tokens, the first in the window twice. Worked by hand: which logit of the second one is just overtaken.
    [Theory]
    [InlineData(2f, 1.6f, 0f, 0f, 1.25f)]
    [InlineData(-2f, 1.5f, 0f, 0f, -3f)]
    [InlineData(2f, 1f, 0.5f, 0f, 1.5f)]
    [InlineData(2f, 1f, 0f, 0.5f, 1f)]
    [InlineData(2f, 1f, 0.25f, 0.5f, 0.75f)]
    [InlineData(2f, 2f, 0.25f, 0.25f, 0.25f)]
    [InlineData(2f, 0.5f, 0f, 0f, 4f)]
    [InlineData(-2f, 0.5f, 0f, 0f, -1f)]
    [InlineData(2f, 1f, -0.5f, 0f, 2.5f)]
    public void Sample_Penalties_GiveTheLogitWorkedOutByHand(float logit, float repetition, float presence, float frequency, float expected)
    {
        var parameters = new SamplingParameters
        {
            Temperature = 0,
            RepetitionPenalty = repetition,
            PresencePenalty = presence,
            FrequencyPenalty = frequency,
        };

        Assert.Equal(0, Pick([logit, MathF.BitDecrement(expected)], parameters, window: [0, 0]));
        Assert.Equal(0, Pick([logit, expected], parameters, window: [0, 0]));
        Assert.Equal(1, Pick([logit, MathF.BitIncrement(expected)], parameters, window: [0, 0]));
    }

    [Fact]
    public void Sample_PenaltyWindow_LooksAtTheNewestTokensOnly()
    {
        var parameters = new SamplingParameters { Temperature = 0, PresencePenalty = 1, PenaltyWindow = 2 };

        Assert.Equal(0, Pick([2, 1.5f, 0], parameters, window: [0, 2, 2]));
        Assert.Equal(1, Pick([2, 1.5f, 0], parameters, window: [2, 0, 2]));
        Assert.Equal(0, Pick([2, 1.5f, 0], parameters with { PenaltyWindow = 0 }, window: [0]));
    }

    [Fact]
    public void Sample_LogitBias_IsAddedBeforeThePenalty()
    {
        // (1 + 3) / 2 = 2, not 1 / 2 + 3.
        var parameters = new SamplingParameters
        {
            Temperature = 0,
            RepetitionPenalty = 2,
            LogitBias = new Dictionary<int, float> { [0] = 3 },
        };

        Assert.Equal(0, Pick([1, 1.99f], parameters, window: [0]));
        Assert.Equal(1, Pick([1, 2.01f], parameters, window: [0]));
    }

    [Fact]
    public void Sample_HugeLogitsAndPenalties_StayFinite()
    {
        var parameters = new SamplingParameters { RepetitionPenalty = 0.1f };

        Assert.Equal(0, Pick([3e38f, 0], parameters, window: [0]));
        Assert.Equal(1, Pick([-3e38f, 0], parameters with { RepetitionPenalty = 10 }, window: [0]));
        Assert.Equal(0, Pick([3e38f, -3e38f], new() { Temperature = 1e-45f, TypicalP = 0.5f, TopP = 0.5f, MinP = 0.5f, TopK = 2 }));
    }

    [Fact]
    public void Sample_SmallestFractions_KeepOneToken()
    {
        var parameters = new SamplingParameters { TypicalP = float.Epsilon, TopP = float.Epsilon, MinP = 1, TopK = 1000 };

        foreach (var n in new[] { 1, 8, 63, 100 })
            Assert.InRange(Pick(SamplingCases.Logits(new Random(n), n), parameters), 0, n - 1);
    }

    [Fact]
    public void Sample_RandomRequests_AgreeWithTheNaiveSampler()
    {
        var random = new Random(20240918);
        for (var round = 0; round < 4000; round++)
        {
            var n = SizeOf(round);
            var logits = SamplingCases.Logits(random, n);
            var dead = SamplingCases.Tokens(random, n, most: n / 4);
            var parameters = SamplingCases.Parameters(random, n);
            var suppressed = SamplingCases.Tokens(random, n, most: 3);
            var window = SamplingCases.Tokens(random, n, most: 300, repeat: true);
            var distribution = NaiveSampler.Distribution(logits, parameters, suppressed, window, dead);
            var tokens = new TokenWindow();
            tokens.Add([.. window]);

            var outcome = new Sampler(n, [.. dead]).Sample(
                logits, new SamplerSettings(parameters), [.. suppressed], tokens, new RandomState(3), round, new TokenLogprob[20], out var sampled);

            if (!distribution.Any(probability => probability > 0))
                Assert.NotEqual(SampleOutcome.Sampled, outcome);
            else
                AssertDrawn(distribution, new RandomState(3).Uniform(round), sampled.Id, $"round {round}: {parameters}");
        }
    }

    [Fact]
    public void Sample_LargeVocabulary_AgreesWithTheNaiveSampler()
    {
        const int N = 50400;
        var random = new Random(7);
        var sampler = new Sampler(N);
        for (var round = 0; round < 24; round++)
        {
            var logits = SamplingCases.Logits(random, N);
            var parameters = SamplingCases.Parameters(random, N);
            var distribution = NaiveSampler.Distribution(logits, parameters, [], [], []);

            var outcome = sampler.Sample(
                logits, new SamplerSettings(parameters), [], new TokenWindow(), new RandomState(9), round, new TokenLogprob[20], out var sampled);

            Assert.Equal(SampleOutcome.Sampled, outcome);
            AssertDrawn(distribution, new RandomState(9).Uniform(round), sampled.Id, $"round {round}: {parameters}");
        }
    }

    [Fact]
    public void Sample_ManyPositions_FollowTheExactProbabilities()
    {
        float[] logits = [0, 1, 2, 0.5f, -1, 1.5f, -3, 0.25f];
        var sampler = new Sampler(logits.Length);
        var window = new TokenWindow();
        SamplingParameters[] requests =
        [
            new() { Temperature = 0.7f },
            new() { Temperature = 1.5f, TopK = 5 },
            new() { TopP = 0.8f },
            new() { MinP = 0.2f },
            new() { TypicalP = 0.7f },
        ];

        foreach (var request in requests)
        {
            const int Draws = 50_000;
            var counts = new int[logits.Length];
            var settings = new SamplerSettings(request);
            for (var position = 0; position < Draws; position++)
            {
                sampler.Sample(logits, settings, [], window, new RandomState(1), position, [], out var sampled);
                counts[sampled.Id]++;
            }

            // At most 7 degrees of freedom: 30 is above the 99.99% quantile.
            var expected = NaiveSampler.Distribution(logits, request, [], [], []);
            var chiSquare = 0.0;
            for (var i = 0; i < logits.Length; i++)
                if (expected[i] > 0)
                    chiSquare += Math.Pow(counts[i] - expected[i] * Draws, 2) / (expected[i] * Draws);
                else
                    Assert.Equal(0, counts[i]);
            Assert.InRange(chiSquare, 0, 30);
        }
    }

    [Fact]
    public void Sample_Logprobs_AreThoseOfTheModelItself()
    {
        var random = new Random(5);
        foreach (var n in new[] { 1, 5, 63, 1000 })
        {
            var logits = SamplingCases.Logits(random, n);
            var expected = NaiveSampler.Logprobs(logits, []);
            var top = new TokenLogprob[20];
            var settings = new SamplerSettings(new()
            {
                Temperature = 0.3f,
                Logprobs = 20,
                BannedTokens = n > 1 ? [Array.IndexOf(logits, logits.Max())] : [],
            });

            new Sampler(n).Sample(logits, settings, [], new TokenWindow(), new RandomState(1), 0, top, out var sampled);

            var order = Enumerable.Range(0, n).OrderByDescending(i => logits[i]).ThenBy(i => i).Take(20).ToArray();
            Assert.Equal(order, top.Take(sampled.TopCount).Select(entry => entry.Id));
            Numerics.AssertClose(
                [.. order.Select(i => expected[i])], [.. top.Take(order.Length).Select(entry => entry.Logprob)], 1e-5, "top");
            Numerics.AssertClose([expected[sampled.Id]], [sampled.Logprob], 1e-5, "sampled");
        }
    }

    [Fact]
    public void Sample_LogprobsNotAskedFor_AreNaN()
    {
        Run([1, 2], new(), out var none);
        Run([1, 2], new() { Logprobs = 0 }, out var own);

        Assert.True(float.IsNaN(none.Logprob));
        Assert.Equal(0, own.TopCount);
        Assert.InRange(own.Logprob, -2, 0);
    }

    [Fact]
    public void Sample_FixedSeed_GivesPinnedTokens()
    {
        // Pinned: the same build gives these on every machine. A change here changes every seeded session.
        var logits = SamplingCases.PortableLogits(1000);
        var parameters = new SamplingParameters { Temperature = 0.9f, TypicalP = 0.98f, TopP = 0.95f };

        var tokens = Enumerable.Range(0, 8).Select(position => Pick(logits, parameters, position: position, seed: 42));

        Assert.Equal([454, 331, 659, 661, 826, 291, 742, 410], tokens);
    }

    [Fact]
    public void Sample_LargeVocabularyAndFixedSeed_GivesPinnedTokens()
    {
        var logits = SamplingCases.PortableLogits(50257);
        SamplingParameters[] requests =
        [
            new() { Temperature = 0.8f },
            new() { Temperature = 0.8f, TopP = 0.95f },
            new() { TopK = 40, TopP = 0.9f },
            new() { MinP = 0.05f },
        ];

        var tokens = requests.Select(request => Enumerable.Range(0, 4).Select(position => Pick(logits, request, position: position, seed: 42)).ToArray());

        Assert.Equal(PinnedLarge, tokens);
    }

    private static readonly int[][] PinnedLarge =
    [
        [23566, 16436, 33118, 33740],
        [23566, 16436, 33120, 33742],
        [23238, 16398, 33289, 33742],
        [23566, 16436, 33115, 33739],
    ];

    [Fact]
    public void Sample_InSteadyState_AllocatesNothing()
    {
        var logits = SamplingCases.Logits(new Random(1), 500);
        var sampler = new Sampler(500, [7, 499]);
        var window = new TokenWindow();
        window.Add([.. Enumerable.Range(0, 256)]);
        var top = new TokenLogprob[20];
        int[] suppressed = [3, 4];
        SamplerSettings[] requests =
        [
            new(new() { Temperature = 0 }),
            new(new()
            {
                Temperature = 0.8f, TopK = 50, TopP = 0.9f, MinP = 0.01f, TypicalP = 0.95f, RepetitionPenalty = 1.1f, Logprobs = 20,
                LogitBias = new Dictionary<int, float> { [5] = 1 }, BannedTokens = [9],
            }),
        ];

        var allocated = Allocations.Of(() =>
        {
            for (var position = 0; position < 200; position++)
                foreach (var settings in requests)
                    sampler.Sample(logits, settings, suppressed, window, new RandomState(1), position, top, out _);
        });

        Assert.Equal(0, allocated);
    }

    private static int SizeOf(int round) => round % 4 == 0 ? 1 + round % 9 : new[] { 63, 100, 257, 1000 }[round / 4 % 4];

    // Where the uniform number falls within rounding of a border, either neighbour is right.
    private static void AssertDrawn(double[] distribution, double uniform, int token, string what)
    {
        const double Rounding = 1e-9;
        Assert.True(
            distribution[token] > 0
            && (token == NaiveSampler.Draw(distribution, uniform)
                || token == NaiveSampler.Draw(distribution, uniform - Rounding)
                || token == NaiveSampler.Draw(distribution, uniform + Rounding)),
            $"{what}: token {token}, naive {NaiveSampler.Draw(distribution, uniform)}, uniform {uniform:R}");
    }

    private static int Pick(float[] logits, SamplingParameters parameters, int[]? window = null, long position = 0, ulong seed = 1)
    {
        var tokens = new TokenWindow();
        tokens.Add(window ?? []);
        var outcome = new Sampler(logits.Length).Sample(
            logits, new SamplerSettings(parameters), [], tokens, new RandomState(seed), position, [], out var sampled);
        Assert.Equal(SampleOutcome.Sampled, outcome);
        return sampled.Id;
    }

    private static SampleOutcome Run(float[] logits, SamplingParameters parameters, out SampledToken sampled) =>
        new Sampler(logits.Length).Sample(
            logits, new SamplerSettings(parameters), [], new TokenWindow(), new RandomState(1), 0, new TokenLogprob[20], out sampled);
}
