using System.Diagnostics;
using Cottention.Client;
using Cottention.Conformance;
using Cottention.Protocol.V1;
using Grpc.Core;

namespace Cottention.Benchmarks.Served;

/// <summary>The real server in a process of its own, its client, and the streams whose time is taken.</summary>
internal sealed class ServerUnderTest : IAsyncDisposable
{
    private static readonly TimeSpan PollTime = TimeSpan.FromMilliseconds(200);

    private readonly ServerProcess _process;
    private readonly string _sessions;

    private ServerUnderTest(ServerProcess process, string sessions, CottentionClient client)
    {
        (_process, _sessions, Client) = (process, sessions, client);
    }

    public CottentionClient Client { get; }

    /// <summary>Starts a server on a model and waits until it serves.</summary>
    public static async Task<ServerUnderTest> StartAsync(string model)
    {
        var sessions = ServerProcess.NewSessionFolder();
        var process = ServerProcess.Start(["--model", model, "--sessions", sessions, "--grpc-port", "0", "--http-port", "0", "--draft-tokens", "0"]);
        await process.ListeningAsync();
        var client = CottentionClient.Connect(process.GrpcAddress);
        while (true)
        {
            try
            {
                await client.GetModelAsync();
                return new ServerUnderTest(process, sessions, client);
            }
            catch (CottentionException e) when (e.StatusCode == StatusCode.Unavailable)
            {
                await Task.Delay(PollTime);
            }
        }
    }

    /// <summary>
    /// So many sessions at once, each of so many tokens, streamed and saved. Seconds of one token of all: between the first and
    /// the last token, and from the call to the last event, which follows the save.
    /// </summary>
    public async Task<(double Streaming, double Whole)> StreamAsync(int sessions, int tokens)
    {
        var ids = new string[sessions];
        for (var i = 0; i < sessions; i++)
            ids[i] = (await Client.CreateSessionAsync(seed: (ulong)i)).Id;
        var start = Stopwatch.GetTimestamp();
        var times = await Task.WhenAll(ids.Select((id, i) => Task.Run(() => TimesAsync(Request(id, i, tokens)))));
        var whole = Stopwatch.GetElapsedTime(start).TotalSeconds / tokens;
        foreach (var id in ids)
            await Client.DeleteSessionAsync(id);
        // Streams begin and end a step apart: the middle of their rates is that of all.
        var streaming = times.Select(t => Stopwatch.GetElapsedTime(t.First, t.Last).TotalSeconds / (tokens - 1)).Order().ElementAt(sessions / 2);
        return (streaming, whole);
    }

    /// <summary>Seconds to the first token of a one-off, and the longest wait between two of its tokens.</summary>
    public async Task<(double First, double LongestGap)> AnswerAsync(int promptTokens, int tokens)
    {
        var request = new GenerateRequest { PromptTokens = Prompt(promptTokens), MaxTokens = tokens, IgnoreEos = true };
        var start = Stopwatch.GetTimestamp();
        var (first, gap, last) = (0.0, 0.0, start);
        await foreach (var response in Client.GenerateAsync(request))
        {
            if (!response.HasTokenId)
                continue;
            var now = Stopwatch.GetTimestamp();
            if (first == 0)
                first = Stopwatch.GetElapsedTime(start, now).TotalSeconds;
            else
                gap = Math.Max(gap, Stopwatch.GetElapsedTime(last, now).TotalSeconds);
            last = now;
        }

        return (first, gap);
    }

    /// <summary>A prompt that is consumed until it is cancelled.</summary>
    public async Task OccupyAsync(int promptTokens, CancellationToken cancellation)
    {
        try
        {
            await foreach (var _ in Client.GenerateAsync(new GenerateRequest { PromptTokens = Prompt(promptTokens), MaxTokens = 1 }, cancellation))
            {
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _process.DisposeAsync();
        Directory.Delete(_sessions, recursive: true);
    }

    private static GenerateRequest Request(string id, int row, int tokens) =>
        new() { SessionId = id, PromptTokens = new TokenList { Ids = { row } }, MaxTokens = tokens, IgnoreEos = true };

    private static TokenList Prompt(int tokens) => new() { Ids = { Enumerable.Range(0, tokens).Select(i => i % 50_000) } };

    private async Task<(long First, long Last)> TimesAsync(GenerateRequest request)
    {
        var (first, last) = (0L, 0L);
        await foreach (var response in Client.GenerateAsync(request))
        {
            if (!response.HasTokenId)
                continue;
            last = Stopwatch.GetTimestamp();
            first = first == 0 ? last : first;
        }

        return (first, last);
    }
}
