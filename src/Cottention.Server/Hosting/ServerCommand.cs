using System.CommandLine;
using System.Globalization;

namespace Cottention.Server.Hosting;

/// <summary>The server's command line: flags become entries of the configuration, over environment and appsettings.json.</summary>
internal sealed class ServerCommand
{
    /// <summary>Exit code: could not start or go on.</summary>
    public const int Failure = 1;

    /// <summary>Exit code: wrong flags or options.</summary>
    public const int Usage = 2;

    private readonly List<(Option Option, string Property)> _flags = [];
    private readonly RootCommand _command = new(
        "Serves a causal Cottention model: gRPC on one port, health, metrics and gRPC-Web on another.\n"
        + "Each flag can be an environment variable too, for example COTTENTION__GRPCPORT=50051.\n"
        + "Exit codes: 0 stopped on request, 1 could not start or go on, 2 wrong flags or options.");

    private ServerCommand()
    {
        var o = new ServerOptions();
        Add("--model", nameof(o.Model), "folder", $"deploy/models/{ModelFolder.Shipped}", "Folder of the model: config.json, model.safetensors, tokenizer files.");
        Add("--model-name", nameof(o.ModelName), "name", "the folder's name", "Name of the model shown to callers.");
        Add("--sessions", nameof(o.Sessions), "folder", o.Sessions, "Folder where sessions are saved; made if absent.");
        Add("--listen", nameof(o.Listen), "ip", o.Listen, "IP address to listen on; 0.0.0.0 opens the server to the network.");
        AddNumber("--grpc-port", nameof(o.GrpcPort), "port", o.GrpcPort, "Port of gRPC (HTTP/2); 0 lets the system choose.");
        AddNumber("--http-port", nameof(o.HttpPort), "port", o.HttpPort, "Port of /healthz, /readyz, /metrics and gRPC-Web (HTTP/1.1); 0 lets the system choose.");
        Add("--device", nameof(o.Device), "device", o.Device, $"Where the model runs; auto is CUDA where it is found and serves the model, else the CPU. Allowed: {DeviceOption.Allowed}.");
        AddNumber("--threads", nameof(o.Threads), "n", o.Threads, "Threads that compute on the CPU; 0 for one a processor.");
        AddChoice("--weights", nameof(o.Weights), "format", ["auto", "f32", "bf16", "int8", "int4"], "Format of the weights in memory; auto is the files' own.");
        AddNumber("--slots", $"{nameof(o.Engine)}:{nameof(o.Engine.SessionSlots)}", "n", o.Engine.SessionSlots, "Sessions in memory at once; the others are parked on disk.");
        AddNumber("--draft-tokens", $"{nameof(o.Engine)}:{nameof(o.Engine.DraftTokens)}", "n", o.Engine.DraftTokens, "Most tokens guessed and verified at once while few sessions decode, 0 to 7; the text is the same.");
        AddNumber("--state-budget-mib", nameof(o.StateBudgetMiB), "MiB", o.StateBudgetMiB, "Most memory for the states of all slots; 0 for half of what this process may use, on a card for all that weights and steps leave.");
        AddNumber("--default-deadline", nameof(o.DefaultDeadlineSeconds), "s", o.DefaultDeadlineSeconds, "Most time of a generation whose caller sets no deadline.");
        AddNumber("--reader-timeout", $"{nameof(o.Engine)}:{nameof(o.Engine.ReaderTimeoutSeconds)}", "s", o.Engine.ReaderTimeoutSeconds, "Time that a caller may take nothing of what is sent before its call ends, whatever its deadline.");
        AddNumber("--drain", nameof(o.DrainSeconds), "s", o.DrainSeconds, "Time that generations in progress are given to end when the server stops.");
    }

    /// <summary>Parses the flags and runs the server with them, or prints help, or the faults on stderr.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="run">Runs the server with these entries of the configuration; returns the exit code.</param>
    public static async Task<int> InvokeAsync(string[] args, Func<IReadOnlyDictionary<string, string?>, Task<int>> run)
    {
        var server = new ServerCommand();
        server._command.SetAction((parsed, _) => run(server.Settings(parsed)));
        var parsed = server._command.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
                await Console.Error.WriteLineAsync($"error: {error.Message}");
            await Console.Error.WriteLineAsync("Try --help.");
            return Usage;
        }

        // No timeout: the host itself answers Ctrl-C and SIGTERM, and its failures are ours to print.
        return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false });
    }

    private void AddNumber(string name, string property, string valueName, int standard, string help)
    {
        var option = Add(name, property, valueName, standard.ToString(CultureInfo.InvariantCulture), help);
        option.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
                if (!int.TryParse(token.Value, CultureInfo.InvariantCulture, out _))
                    result.AddError($"{name} is '{token.Value}'; allowed: a whole number");
        });
    }

    private void AddChoice(string name, string property, string valueName, string[] choices, string help)
    {
        var option = Add(name, property, valueName, choices[0], $"{help} Allowed: {string.Join(", ", choices)}.");
        option.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
                if (!choices.Contains(token.Value))
                    result.AddError($"{name} is '{token.Value}'; allowed: {string.Join(", ", choices)}");
        });
    }

    private Option<string> Add(string name, string property, string valueName, string standard, string help)
    {
        var option = new Option<string>(name) { HelpName = valueName, Description = $"{help} Default: {standard}." };
        _flags.Add((option, property));
        _command.Options.Add(option);
        return option;
    }

    private Dictionary<string, string?> Settings(ParseResult parsed) => _flags
        .Where(flag => parsed.GetResult(flag.Option) is { Implicit: false })
        .ToDictionary(flag => $"{ServerOptions.Section}:{flag.Property}", flag => (string?)parsed.GetResult(flag.Option)!.Tokens.Single().Value);
}
