using Cottention.Conformance;
using Cottention.Inference.Engine;
using Cottention.Inference.Sampling;

namespace Cottention.Inference.Tests.Engine;

/// <summary>Everything at once: whatever the order in which things happen, each session is given and stored what it is alone.</summary>
public sealed class EngineStressTests
{
    private const int Sessions = 10;
    private const int Rounds = 5;

    private static readonly SamplingParameters[] Samplings =
    [
        new() { Temperature = 0 },
        new() { Temperature = 0.9f },
        new() { Temperature = 0.5f, TopK = 3, Seed = 5 },
        new() { Temperature = 1.2f, TopP = 0.8f, MinP = 0.02f },
        new() { TypicalP = 0.7f },
        new() { Temperature = 0.4f, RepetitionPenalty = 1.2f },
        new() { Temperature = 0, Logprobs = 2 },
    ];

    [Theory]
    [InlineData(1, 0, 0, true)]
    [InlineData(2, 0, 0.2, true)]
    [InlineData(3, 7, 0.2, true)]
    [InlineData(4, 7, 0, true)]
    [InlineData(5, 7, 0.2, false)]
    public async Task Generate_AllKindsWithCancels_SameEventsAndSessionsAsAlone(int seed, int drafts, double undecided, bool runsAhead)
    {
        await using var plain = new TestEngine();
        await using var test = new TestEngine(options =>
        {
            (options.MaxRunning, options.SessionSlots, options.TokenBudget, options.PrefillChunk) = (4, 5, 24, 7);
            (options.EventCapacity, options.DraftTokens, options.RunAhead) = (4, drafts, runsAhead);
        }, create: options => TestEngine.NewAheadRunner(options, undecided));
        var requests = Enumerable.Range(0, Sessions).Select(i => NewRequests(new Random((100 * seed) + i), $"s{i}")).ToArray();
        foreach (var i in Enumerable.Range(0, Sessions))
            foreach (var each in new[] { plain, test })
                await each.Host.CreateAsync($"s{i}", (ulong)i, default);
        var alone = new List<List<TokenEvent>>[Sessions];
        for (var i = 0; i < Sessions; i++)
        {
            alone[i] = [];
            foreach (var request in requests[i])
                alone[i].Add(await plain.RunAsync(request));
        }

        var crowd = await Task.WhenAll(Enumerable.Range(0, Sessions).Select(i => Task.Run(() => RunAllAsync(test, requests[i], new Random(i)))));

        for (var i = 0; i < Sessions; i++)
        {
            for (var round = 0; round < Rounds; round++)
                SessionPair.AssertSame(alone[i][round], crowd[i][round], $"session {i}, round {round}: {requests[i][round]}");
            await SessionPair.AssertSameStoredAsync(plain, test, $"s{i}");
        }
    }

    private static GenerationRequest[] NewRequests(Random random, string id) => [.. Enumerable.Range(0, Rounds).Select(_ => NewRequest(random, id))];

    private static GenerationRequest NewRequest(Random random, string id)
    {
        // The first half repeats itself, for drafts; none continues the session where it stands.
        var period = random.Next(1, 13);
        var prompt = Enumerable.Range(0, random.Next(4) == 0 ? 0 : random.Next(1, 60)).Select(i => 60 + (i < 30 ? i % period : random.Next(100)));
        return new GenerationRequest
        {
            SessionId = id,
            PromptTokens = [.. prompt],
            MaxTokens = random.Next(6) == 0 ? random.Next(3) : random.Next(3, 90),
            MinTokens = random.Next(3) == 0 ? random.Next(20) : 0,
            IgnoreEos = random.Next(2) == 0,
            Stop = random.Next(2) == 0 ? [] : ["ab", "t", " th", new string('e', 60) + "x"],
            StopTokenIds = random.Next(3) == 0 ? [.. Enumerable.Range(random.Next(60, 200), 20)] : [],
            Sampling = Samplings[random.Next(Samplings.Length)],
        } is var request && request.MinTokens > request.MaxTokens ? request with { MinTokens = request.MaxTokens } : request;
    }

    // Before each generation of the session one that comes to nothing, now and then; beside it one without a session.
    private static async Task<List<List<TokenEvent>>> RunAllAsync(TestEngine test, GenerationRequest[] requests, Random random)
    {
        var all = new List<List<TokenEvent>>();
        foreach (var request in requests)
        {
            if (random.Next(2) == 0)
                await CancelAsync(test, request with { MaxTokens = 100_000, MinTokens = 0, IgnoreEos = true, Stop = [], StopTokenIds = [] }, random);
            var oneOff = random.Next(3) == 0 ? test.RunAsync(request with { SessionId = null, PromptTokens = [60, 61] }) : Task.CompletedTask;
            var events = new List<TokenEvent>();
            await foreach (var token in test.Host.GenerateAsync(request, default))
            {
                events.Add(token);
                if (random.Next(8) == 0)
                    await Task.Yield();
            }
            all.Add(events);
            await oneOff;
        }
        return all;
    }

    private static async Task CancelAsync(TestEngine test, GenerationRequest request, Random random)
    {
        using var cancel = new CancellationTokenSource();
        var at = random.Next(-1, 20);
        var leaves = random.Next(2) == 0;
        if (at < 0)
            cancel.CancelAfter(random.Next(1, 4));
        try
        {
            await foreach (var token in test.Host.GenerateAsync(request, cancel.Token))
            {
                if (token.Index != at)
                    continue;
                if (leaves)
                    break;
                await cancel.CancelAsync();
            }
        }
        catch (OperationCanceledException)
        {
        }
    }
}
