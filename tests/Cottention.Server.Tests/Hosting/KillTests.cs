using System.Collections.Concurrent;
using Cottention.Client;
using Cottention.Conformance;
using Cottention.Protocol.V1;

namespace Cottention.Server.Tests.Hosting;

/// <summary>SIGKILL at random moments, while sessions run, save and begin: what was confirmed stands, and what follows is what would have followed.</summary>
[Trait("Category", "Long")]
public sealed class KillTests : IDisposable
{
    private const int Kills = 50;
    private const int Sessions = 4;

    private readonly string _folder = Directory.CreateTempSubdirectory("cottention-kill-").FullName;
    private readonly ConcurrentDictionary<long, string> _texts = new();

    [Fact]
    public async Task Kill_FiftyTimes_NoSessionIsLostOrDamaged()
    {
        var random = new Random(20);
        var confirmed = new long[Sessions];
        for (var kill = 0; kill <= Kills; kill++)
        {
            await using var server = await ServerProcess.StartAsync(Path.Combine(_folder, "killed"));
            using var client = CottentionClient.Connect(server.GrpcAddress);
            for (var i = 0; i < Sessions; i++)
                await CheckVersionAsync(client, i, confirmed);
            if (kill == Kills)
                break;
            var turns = Task.WhenAll(Enumerable.Range(0, Sessions).Select(i => TakeTurnsAsync(client, i, confirmed)));
            await Task.Delay(random.Next(10, 300));
            await server.KillAsync();
            await turns;
        }

        Assert.All(confirmed, version => Assert.True(version > Kills / 2, $"version {version}: too few turns to prove anything"));
        await AssertTextsAreThoseOfAnUnbrokenRunAsync(confirmed.Max());
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // A commit that nobody heard of may have happened; one that was heard of must have.
    private static async Task CheckVersionAsync(CottentionClient client, int i, long[] confirmed)
    {
        if (confirmed[i] == 0)
            await client.CreateSessionAsync($"s{i}", seed: 5);
        var found = (await client.GetSessionAsync($"s{i}")).Version;
        Assert.InRange(found, Math.Max(1, confirmed[i]), Math.Max(1, confirmed[i]) + 1);
        confirmed[i] = found;
    }

    private async Task TakeTurnsAsync(CottentionClient client, int i, long[] confirmed)
    {
        try
        {
            while (true)
            {
                var text = await TurnAsync(client, $"s{i}", confirmed[i]);
                Assert.Equal(text, _texts.GetOrAdd(confirmed[i], text));
                confirmed[i]++;
            }
        }
        catch (CottentionException)
        {
            // The server died.
        }
    }

    private async Task AssertTextsAreThoseOfAnUnbrokenRunAsync(long last)
    {
        await using var server = await ServerProcess.StartAsync(Path.Combine(_folder, "unbroken"));
        using var client = CottentionClient.Connect(server.GrpcAddress);
        await client.CreateSessionAsync("s", seed: 5);
        for (var version = 1L; version < last; version++)
        {
            var text = await TurnAsync(client, "s", version);
            if (_texts.TryGetValue(version, out var seen))
                Assert.Equal(text, seen);
        }
    }

    private static async Task<string> TurnAsync(CottentionClient client, string id, long version)
    {
        var request = new GenerateRequest { SessionId = id, Prompt = $"turn {version} ", MaxTokens = 60, IgnoreEos = true, RepetitionPenalty = 1.2f };
        return string.Concat((await ServerFixture.RunAsync(client, request)).Select(r => r.Text));
    }
}
