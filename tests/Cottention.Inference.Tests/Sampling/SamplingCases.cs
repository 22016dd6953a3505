using Cottention.Inference.Sampling;

namespace Cottention.Inference.Tests.Sampling;

/// <summary>Random logits and requests, from a given source of chance.</summary>
internal static class SamplingCases
{
    /// <summary>Logits of a random shape: peaked, flat, on a coarse grid (many ties), or with impossible tokens.</summary>
    public static float[] Logits(Random random, int n)
    {
        var shape = random.Next(5);
        var scale = shape == 0 ? 0.1 : 3;
        var logits = new float[n];
        for (var i = 0; i < n; i++)
        {
            var logit = (float)(scale * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(Math.Tau * random.NextDouble()));
            logits[i] = shape switch
            {
                1 => MathF.Round(logit),
                2 when random.Next(3) == 0 && i > 0 => float.NegativeInfinity,
                3 => 1000 + logit,
                _ => logit,
            };
        }

        return logits;
    }

    /// <summary>Logits between -8 and 4 made from integers alone, so that they are the same bits everywhere.</summary>
    public static float[] PortableLogits(int n) => [.. Enumerable.Range(0, n).Select(i => (uint)i * 2654435761u % 12289 / 1024f - 8)];

    /// <summary>A request with each field set or not at random, values in their ranges.</summary>
    public static SamplingParameters Parameters(Random random, int n)
    {
        return new SamplingParameters
        {
            Temperature = Maybe(() => random.Next(6) == 0 ? 0 : 0.1f + 2 * random.NextSingle()),
            TopK = random.Next(3) == 0 ? random.Next(0, n + 2) : null,
            TopP = Maybe(() => 1 - random.NextSingle()),
            MinP = random.Next(3) == 0 ? random.NextSingle() * 0.3f : null,
            TypicalP = random.Next(3) == 0 ? 1 - random.NextSingle() : null,
            RepetitionPenalty = Maybe(() => 0.5f + random.NextSingle()),
            PresencePenalty = Maybe(() => 2 * random.NextSingle() - 1),
            FrequencyPenalty = Maybe(() => random.NextSingle() - 0.5f),
            PenaltyWindow = Maybe(() => random.Next(0, 257)) is { } window ? (int)window : null,
            LogitBias = random.Next(3) == 0 ? Tokens(random, n, most: 5).ToDictionary(id => id, _ => 4 * random.NextSingle() - 2) : null,
            BannedTokens = random.Next(3) == 0 ? Tokens(random, n, most: Math.Min(n / 2, SamplingParameters.MaxBannedTokens)) : null,
            Logprobs = random.Next(3) == 0 ? random.Next(0, 21) : null,
        };

        float? Maybe(Func<float> value) => random.Next(2) == 0 ? value() : null;
    }

    /// <summary>Random token ids, distinct unless they may repeat.</summary>
    public static List<int> Tokens(Random random, int n, int most, bool repeat = false)
    {
        var tokens = Enumerable.Range(0, random.Next(0, most + 1)).Select(_ => random.Next(n));
        return [.. repeat ? tokens : tokens.Distinct()];
    }
}
