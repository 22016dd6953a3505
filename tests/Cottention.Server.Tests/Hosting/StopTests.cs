using Cottention.Client;
using Cottention.Conformance;
using Cottention.Protocol.V1;
using Grpc.Core;

namespace Cottention.Server.Tests.Hosting;

/// <summary>Stopping: politely, within a bound, and not at all politely.</summary>
public sealed class StopTests : IDisposable
{
    private readonly string _sessions = ServerProcess.NewSessionFolder();

    public void Dispose() => Directory.Delete(_sessions, recursive: true);

    [Fact]
    public async Task Terminate_GenerationInProgress_EndsItBeforeTheServerEnds()
    {
        await using var server = await ServerProcess.StartAsync(_sessions);
        using var client = CottentionClient.Connect(server.GrpcAddress);
        var session = await client.CreateSessionAsync();
        var responses = new List<GenerateResponse>();

        await foreach (var response in client.GenerateAsync(new GenerateRequest { SessionId = session.Id, Prompt = "a", MaxTokens = 3000, IgnoreEos = true }))
        {
            if (responses.Count == 0)
                await server.TerminateAsync();
            responses.Add(response);
        }

        Assert.Equal((FinishReason.Length, 3000), (responses[^1].FinishReason, responses[^1].Usage.OutputTokens));
        Assert.Equal(0, await server.ExitAsync());
    }

    [Fact]
    public async Task Terminate_ModelStillLoading_EndsAtOnce()
    {
        using var loading = await LoadingModel.CreateAsync();
        await using var server = ServerProcess.Start(["--model", loading.Folder, "--sessions", _sessions, "--grpc-port", "0", "--http-port", "0", "--drain", "3600"]);
        await server.ListeningAsync();

        await server.TerminateAsync();

        Assert.Equal(0, await server.ExitAsync());
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task Terminate_GenerationLongerThanTheDrain_IsCutOffAsUnavailable()
    {
        await using var server = await ServerProcess.StartAsync(_sessions, ["--drain", "1"]);
        using var client = CottentionClient.Connect(server.GrpcAddress);

        var refusal = await Assert.ThrowsAsync<CottentionException>(async () =>
        {
            await foreach (var response in client.GenerateAsync(new GenerateRequest { Prompt = "a", MaxTokens = 1_000_000, IgnoreEos = true }))
                if (response.Index == 0)
                    await server.TerminateAsync();
        });

        Assert.Equal(StatusCode.Unavailable, refusal.StatusCode);
        Assert.Equal(0, await server.ExitAsync());
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task DefaultDeadline_CallerSetsNone_IsDeadlineExceeded()
    {
        await using var server = await ServerProcess.StartAsync(_sessions, ["--default-deadline", "1"]);
        using var client = CottentionClient.Connect(server.GrpcAddress);
        var endless = new GenerateRequest { Prompt = "a", MaxTokens = 1_000_000, IgnoreEos = true };

        var refusal = await Assert.ThrowsAsync<CottentionException>(() => ServerFixture.RunAsync(client, endless));

        Assert.Equal(StatusCode.DeadlineExceeded, refusal.StatusCode);
        Assert.Contains("default of 1 s", refusal.Message, StringComparison.Ordinal);
        Assert.Single(await ServerFixture.RunAsync(client, new GenerateRequest { Prompt = "a", MaxTokens = 0 }));
    }

    [Theory]
    [InlineData("--default-deadline", null)]
    [InlineData("--reader-timeout", 3600)]
    public async Task Limit_CallerDoesNotRead_FreesThePlaceAllTheSame(string option, int? deadline)
    {
        await using var server = await ServerProcess.StartAsync(_sessions, [option, "3"]);
        using var client = CottentionClient.Connect(server.GrpcAddress, new() { Deadline = deadline is { } seconds ? TimeSpan.FromSeconds(seconds) : null });
        using var other = CottentionClient.Connect(server.GrpcAddress);
        var standing = client.GenerateAsync(new GenerateRequest { Prompt = "a", MaxTokens = 1_000_000, IgnoreEos = true, Logprobs = 20 }).GetAsyncEnumerator();
        Assert.True(await standing.MoveNextAsync());

        using var limit = new CancellationTokenSource(ServerProcess.Patience);
        while ((await other.GetCapacityAsync(limit.Token)).RunningGenerations > 0)
            limit.Token.ThrowIfCancellationRequested();

        await Assert.ThrowsAsync<CottentionException>(async () =>
        {
            while (await standing.MoveNextAsync())
                Assert.True(standing.Current.Index >= 0);
        });
    }

    [Fact]
    public async Task Kill_AtAnyMoment_LosesNoCommittedGeneration()
    {
        var unbroken = await TextOfTurnsAsync(kill: false, Path.Combine(_sessions, "unbroken"));

        var killed = await TextOfTurnsAsync(kill: true, Path.Combine(_sessions, "killed"));

        Assert.Equal(unbroken, killed);
    }

    [Fact]
    public async Task OtherModel_SessionOfTheFirst_IsFailedPrecondition()
    {
        string id;
        await using (var server = await ServerProcess.StartAsync(_sessions))
        {
            using var client = CottentionClient.Connect(server.GrpcAddress);
            id = (await client.CreateSessionAsync()).Id;
        }

        var folder = Directory.CreateTempSubdirectory("cottention-model-").FullName;
        foreach (var file in Directory.GetFiles(Fixtures.Path("tiny-model")))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        var weights = File.ReadAllBytes(Path.Combine(folder, "model.safetensors"));
        weights[^1] ^= 1;
        await File.WriteAllBytesAsync(Path.Combine(folder, "model.safetensors"), weights);
        await using var other = await ServerProcess.StartAsync(_sessions, model: folder);
        using var otherClient = CottentionClient.Connect(other.GrpcAddress);

        var refusal = await Assert.ThrowsAsync<CottentionException>(() => ServerFixture.RunAsync(otherClient, new GenerateRequest { SessionId = id, Prompt = "a" }));
        Assert.Equal((StatusCode.FailedPrecondition, "SESSION_MODEL_MISMATCH"), (refusal.StatusCode, refusal.Reason));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task DamagedSnapshot_IsDataLossAndTheServerGoesOn()
    {
        string id;
        await using (var server = await ServerProcess.StartAsync(_sessions))
        {
            using var client = CottentionClient.Connect(server.GrpcAddress);
            id = (await client.CreateSessionAsync()).Id;
            await ServerFixture.RunAsync(client, new GenerateRequest { SessionId = id, Prompt = "a", MaxTokens = 3 });
        }
        var file = Assert.Single(Directory.GetFiles(_sessions, "*.session"));
        var bytes = await File.ReadAllBytesAsync(file);
        bytes[bytes.Length / 2] ^= 0x10;
        await File.WriteAllBytesAsync(file, bytes);

        await using var again = await ServerProcess.StartAsync(_sessions);
        using var second = CottentionClient.Connect(again.GrpcAddress);

        var refusal = await Assert.ThrowsAsync<CottentionException>(() => ServerFixture.RunAsync(second, new GenerateRequest { SessionId = id, Prompt = "a" }));
        Assert.Equal((StatusCode.DataLoss, "SESSION_CORRUPT"), (refusal.StatusCode, refusal.Reason));
        Assert.Single(await ServerFixture.RunAsync(second, new GenerateRequest { Prompt = "a", MaxTokens = 0 }));
    }

    // Five turns of one session; with kill, the server dies after each turn, once more amid the next, and is started anew.
    private static async Task<string> TextOfTurnsAsync(bool kill, string sessions)
    {
        var text = new List<string>();
        var server = await ServerProcess.StartAsync(sessions);
        var client = CottentionClient.Connect(server.GrpcAddress);
        try
        {
            await client.CreateSessionAsync("s", seed: 11);
            for (var turn = 0; turn < 5; turn++)
            {
                var request = new GenerateRequest { SessionId = "s", Prompt = $"turn {turn} ", MaxTokens = 25, Temperature = 0.9f, RepetitionPenalty = 1.2f };
                if (kill)
                {
                    await DieAmidAsync(server, client, request);
                    client.Dispose();
                    await server.DisposeAsync();
                    server = await ServerProcess.StartAsync(sessions);
                    client = CottentionClient.Connect(server.GrpcAddress);
                }
                text.AddRange((await ServerFixture.RunAsync(client, request)).Select(r => r.Text));
            }
        }
        finally
        {
            client.Dispose();
            await server.DisposeAsync();
        }
        return string.Concat(text);
    }

    private static async Task DieAmidAsync(ServerProcess server, CottentionClient client, GenerateRequest request)
    {
        var longer = request.Clone();
        longer.MaxTokens = 1_000_000;
        longer.IgnoreEos = true;
        await Assert.ThrowsAsync<CottentionException>(async () =>
        {
            await foreach (var response in client.GenerateAsync(longer))
                if (response.Index == 7)
                    await server.KillAsync();
        });
    }
}
