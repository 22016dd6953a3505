using Cottention.Conformance;

namespace Cottention.Cli.Tests;

/// <summary>One server on the tiny model, and the program run against it.</summary>
public sealed class CliFixture : IAsyncLifetime
{
    private readonly string _sessions = ServerProcess.NewSessionFolder();

    public ServerProcess Server { get; private set; } = null!; // set before the first test

    public async Task InitializeAsync() => Server = await ServerProcess.StartAsync(_sessions);

    public async Task DisposeAsync()
    {
        await Server.DisposeAsync();
        Directory.Delete(_sessions, recursive: true);
    }

    /// <summary>Starts the program with this server's address in its environment.</summary>
    public CliProcess Start(params string[] arguments) => new(arguments, Server.GrpcAddress);

    /// <summary>Runs the program to its end.</summary>
    /// <param name="stdin">What is typed; null for nothing.</param>
    /// <param name="arguments">The command line.</param>
    public async Task<(int ExitCode, string Out, string Error)> RunAsync(string? stdin, params string[] arguments)
    {
        await using var process = Start(arguments);
        await process.TypeAsync(stdin ?? "");
        process.EndInput();
        return (await process.ExitAsync(), process.Out, process.Error);
    }

    /// <summary>A new session's id.</summary>
    public async Task<string> NewSessionAsync(string id)
    {
        var (code, _, error) = await RunAsync(null, "sessions", "create", id, "--seed", "5");
        Assert.True(code == 0, error);
        return id;
    }
}

/// <summary>Tests that share <see cref="CliFixture"/> run one after another.</summary>
[CollectionDefinition(nameof(SharedServer))]
public sealed class SharedServer : ICollectionFixture<CliFixture>;
