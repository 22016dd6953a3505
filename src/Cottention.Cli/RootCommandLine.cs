using System.CommandLine;
using Cottention.Cli.Bench;
using Cottention.Cli.Chat;
using Cottention.Cli.Convert;
using Cottention.Cli.Generate;
using Cottention.Cli.Inspect;
using Cottention.Cli.Quantize;
using Cottention.Cli.Sessions;

namespace Cottention.Cli;

/// <summary>The command <c>cottention</c>: its parts, and what happens to a command line that is wrong.</summary>
internal static class RootCommandLine
{
    private const string Description =
        "Talks to a Cottention server, and looks after model files.\n"
        + "Exit codes: 0 done, 1 refused or failed, 2 wrong command or flags, 3 server unreachable or loading, 130 interrupted.";

    public static async Task<int> InvokeAsync(string[] args)
    {
        var parsed = Create().Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
                Note.Error(error.Message);
            await Console.Error.WriteLineAsync($"Try: {Path(parsed.CommandResult.Command)} --help");
            return ExitCode.Usage;
        }

        // Ctrl-C is Interrupt's.
        return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false });
    }

    private static RootCommand Create() => new(Description)
    {
        ServerCalls.Address,
        ChatCommand.Create(),
        GenerateCommand.Create(),
        SessionsCommand.Create(),
        ModelCommand.Create(),
        ConvertCommand.Create(),
        QuantizeCommand.Create(),
        InspectCommand.Create(),
        BenchCommand.Create(),
    };

    private static string Path(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? $"{Path(parent)} {command.Name}" : command.Name;
}
