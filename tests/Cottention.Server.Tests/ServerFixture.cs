using Cottention.Client;
using Cottention.Conformance;
using Cottention.Protocol.V1;
using Grpc.Net.Client;

namespace Cottention.Server.Tests;

/// <summary>One server on the tiny model for all tests that leave it as they found it, over a real socket.</summary>
public sealed class ServerFixture : IAsyncLifetime
{
    private readonly string _sessions = ServerProcess.NewSessionFolder();

    public ServerProcess Server { get; private set; } = null!; // set before the first test

    public CottentionClient Client { get; private set; } = null!; // set before the first test

    public GrpcChannel Channel { get; private set; } = null!; // set before the first test

    public async Task InitializeAsync()
    {
        var environment = new Dictionary<string, string> { ["Logging__LogLevel__Default"] = "Debug", ["COTTENTION__ENGINE__MAXOUTPUTTOKENS"] = "1000000" };
        Server = await ServerProcess.StartAsync(_sessions, environment: environment);
        Client = CottentionClient.Connect(Server.GrpcAddress);
        Channel = GrpcChannel.ForAddress(Server.GrpcAddress);
    }

    public async Task DisposeAsync()
    {
        Client.Dispose();
        Channel.Dispose();
        await Server.DisposeAsync();
        Directory.Delete(_sessions, recursive: true);
    }

    /// <summary>All events of one generation.</summary>
    public Task<List<GenerateResponse>> RunAsync(GenerateRequest request) => RunAsync(Client, request);

    /// <inheritdoc cref="RunAsync(GenerateRequest)"/>
    public static async Task<List<GenerateResponse>> RunAsync(CottentionClient client, GenerateRequest request)
    {
        var responses = new List<GenerateResponse>();
        await foreach (var response in client.GenerateAsync(request))
            responses.Add(response);
        return responses;
    }

    /// <summary>The text of one generation.</summary>
    public async Task<string> TextAsync(GenerateRequest request) => string.Concat((await RunAsync(request)).Select(r => r.Text));
}

/// <summary>Tests that share <see cref="ServerFixture"/> run one after another.</summary>
[CollectionDefinition(nameof(SharedServer))]
public sealed class SharedServer : ICollectionFixture<ServerFixture>;
