using System.CommandLine;
using Cottention.Client;
using Grpc.Core;

namespace Cottention.Cli;

/// <summary>What commands that talk to a server share: its address, and how its refusals become a line and an exit code.</summary>
internal static class ServerCalls
{
    /// <summary>Environment variable with the server's address.</summary>
    public const string AddressVariable = "COTTENTION_SERVER";

    /// <summary>The flag, for every command.</summary>
    public static Option<string?> Address { get; } = new("--server")
    {
        HelpName = "url",
        Description = $"The server's gRPC address. Default: {AddressVariable}, or else {CottentionClientOptions.DefaultAddress}.",
        Recursive = true,
    };

    private static string DefaultAddress => Environment.GetEnvironmentVariable(AddressVariable) is { Length: > 0 } set ? set : CottentionClientOptions.DefaultAddress;

    /// <summary>Makes a command that talks to the server.</summary>
    public static void SetClientAction(this Command command, Func<CottentionClient, ParseResult, Interrupt, Task<int>> run) =>
        command.SetAction((parsed, _) => RunAsync(parsed, run));

    /// <summary>Makes a command that is one short conversation with the server, which Ctrl-C ends.</summary>
    public static void SetClientAction(this Command command, Func<CottentionClient, ParseResult, CancellationToken, Task> run) =>
        command.SetClientAction((client, parsed, interrupt) => interrupt.RunAsync(async cancellation =>
        {
            await run(client, parsed, cancellation);
            return ExitCode.Done;
        }));

    /// <summary>What a refusal looks like: one line, and the exit code that belongs to it.</summary>
    public static int Report(CottentionException refusal, string address)
    {
        if (refusal.StatusCode != StatusCode.Unavailable)
        {
            Note.Error(refusal.Message);
            return ExitCode.Failure;
        }

        // A server that is there says why; a connection that failed cannot.
        var answered = refusal.Reason.Length > 0 && refusal.RetryAfter is not null;
        Note.Error(answered ? refusal.Message : $"no server at {address}; start one, or name another with --server or {AddressVariable}");
        return ExitCode.Unreachable;
    }

    private static async Task<int> RunAsync(ParseResult parsed, Func<CottentionClient, ParseResult, Interrupt, Task<int>> run)
    {
        var address = parsed.GetValue(Address) ?? DefaultAddress;
        try
        {
            using var client = CottentionClient.Connect(address);
            using var interrupt = new Interrupt();
            return await run(client, parsed, interrupt);
        }
        catch (ArgumentException e) when (e.ParamName == "address")
        {
            Note.Error($"--server is '{address}'; allowed: http://host:port or https://host:port");
            return ExitCode.Usage;
        }
        catch (CottentionException refusal)
        {
            return Report(refusal, address);
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }
    }
}
