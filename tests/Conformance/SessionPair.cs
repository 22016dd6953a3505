using Cottention.Inference.Engine;
using Cottention.Inference.Sessions;

namespace Cottention.Conformance;

/// <summary>Two engines that must give the same: events of generations, and the sessions they leave.</summary>
public static class SessionPair
{
    /// <summary>Two generations in a row on a session of each engine; then the session itself.</summary>
    public static async Task AssertSameAsync(TestEngine expected, TestEngine actual, GenerationRequest request, string id = "s")
    {
        foreach (var test in new[] { expected, actual })
            await test.Host.CreateAsync(id, 1, default);
        foreach (var part in new[] { request, request with { PromptTokens = [61, 62, 63], MaxTokens = 30 } })
        {
            AssertSame(await expected.RunAsync(part with { SessionId = id }), await actual.RunAsync(part with { SessionId = id }), id);
            await AssertSameStoredAsync(expected, actual, id);
        }
    }

    /// <summary>Fails unless both stores have the same of a session.</summary>
    public static async Task AssertSameStoredAsync(TestEngine expected, TestEngine actual, string id) =>
        Assert.Equal(await SnapshotAsync(expected, id), await SnapshotAsync(actual, id));

    /// <summary><see cref="AssertSameAsync"/> with four letters of a request's own text as its stop string, at every seventeenth place.</summary>
    public static async Task AssertSameAtStopStringsAsync(TestEngine expected, TestEngine actual, GenerationRequest request)
    {
        var text = (await expected.RunAsync(request)).Text();
        for (var at = 5; at < text.Length - 4; at += 17)
        {
            var stop = text.Substring(at, 4);
            if (!stop.Contains('\uFFFD') && !stop.Any(char.IsSurrogate))
                await AssertSameAsync(expected, actual, request with { Stop = [stop] }, $"stop-{at}");
        }
    }

    /// <summary>Fails unless everything but the times is the same.</summary>
    public static void AssertSame(List<TokenEvent> expected, List<TokenEvent> actual, string what)
    {
        Assert.True(expected.Text() == actual.Text(), what);
        Assert.Equal(expected.Select(Comparable), actual.Select(Comparable));

        static (int?, string, int, long, float?, FinishReason?, string?, int, string) Comparable(TokenEvent e) =>
            (e.TokenId, e.Text, e.Index, e.Position, e.Logprob, e.FinishReason, e.MatchedStop, e.Usage?.OutputTokens ?? 0, string.Join(' ', e.TopLogprobs));
    }

    // The snapshot's bytes, with the times of both saves made one.
    private static async Task<byte[]> SnapshotAsync(TestEngine test, string id)
    {
        var snapshot = (await test.Store.LoadAsync(id, default))!; // the generation has saved it
        var header = SessionSnapshot.ReadHeader(snapshot, id);
        SessionSnapshot.Seal(snapshot, header with { CreatedAt = DateTimeOffset.UnixEpoch, UpdatedAt = DateTimeOffset.UnixEpoch });
        return snapshot;
    }
}
