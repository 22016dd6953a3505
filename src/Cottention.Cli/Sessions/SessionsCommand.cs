using System.CommandLine;
using System.Globalization;
using Cottention.Cli.Generate;
using Cottention.Client;
using Cottention.Protocol.V1;
using Spectre.Console;

namespace Cottention.Cli.Sessions;

/// <summary><c>cottention sessions</c>: list, get, create, fork, delete.</summary>
internal static class SessionsCommand
{
    public static Command Create() => new("sessions", "Lists, shows, creates, forks and deletes the server's sessions.")
    {
        List(), Get(), CreateOne(), Fork(), Delete(),
    };

    private static Command List()
    {
        var json = JsonLines.Flag();
        var command = new Command("list", "Lists every session: a table on a terminal, else a line each with tabs.") { json };
        command.SetClientAction(async (client, parsed, cancellation) =>
        {
            if (parsed.GetValue(json))
                await foreach (var session in client.ListSessionsAsync(cancellation))
                    JsonLines.Write(session);
            else if (Console.IsOutputRedirected)
                await foreach (var session in client.ListSessionsAsync(cancellation))
                    Console.Out.WriteLine(string.Join('\t', Cells(session)));
            else
                await WriteTableAsync(client, cancellation);
        });
        return command;
    }

    private static Command Get()
    {
        var id = new Argument<string>("id") { Description = "The session's id." };
        var json = JsonLines.Flag();
        var command = new Command("get", "Shows one session.") { id, json };
        command.SetClientAction(async (client, parsed, cancellation) =>
            Show(await client.GetSessionAsync(parsed.GetRequiredValue(id), cancellation), parsed.GetValue(json)));
        return command;
    }

    private static Command CreateOne()
    {
        var id = new Argument<string?>("id") { Description = "The id wanted: 1 to 128 of A-Z a-z 0-9 . _ - . Default: a random one.", Arity = ArgumentArity.ZeroOrOne };
        var seed = NumberOption.One<ulong>("--seed", "n", "Seed of the session's chance. Default: a random one.");
        var json = JsonLines.Flag();
        var command = new Command("create", "Creates an empty session.") { id, seed, json };
        command.SetClientAction(async (client, parsed, cancellation) =>
            Show(await client.CreateSessionAsync(parsed.GetValue(id), parsed.GetValue(seed), cancellation), parsed.GetValue(json)));
        return command;
    }

    private static Command Fork()
    {
        var id = new Argument<string>("id") { Description = "The session to copy." };
        var newId = new Argument<string?>("new-id") { Description = "The id of the copy. Default: a random one.", Arity = ArgumentArity.ZeroOrOne };
        var json = JsonLines.Flag();
        var command = new Command("fork", "Copies a session as it stands to a new one.") { id, newId, json };
        command.SetClientAction(async (client, parsed, cancellation) =>
            Show(await client.ForkSessionAsync(parsed.GetRequiredValue(id), parsed.GetValue(newId), cancellation), parsed.GetValue(json)));
        return command;
    }

    private static Command Delete()
    {
        var ids = new Argument<string[]>("id") { Description = "The sessions to forget for good.", Arity = ArgumentArity.OneOrMore };
        var command = new Command("delete", "Deletes sessions.") { ids };
        command.SetClientAction(async (client, parsed, cancellation) =>
        {
            foreach (var id in parsed.GetRequiredValue(ids))
                await client.DeleteSessionAsync(id, cancellation);
        });
        return command;
    }

    private static void Show(Session session, bool json)
    {
        if (json)
            JsonLines.Write(session);
        else
            Console.Out.WriteLine(string.Join('\t', Cells(session)));
    }

    private static async Task WriteTableAsync(CottentionClient client, CancellationToken cancellation)
    {
        var table = new Table().AddColumns("id", "position", "version", "state", "where", "last used", "parent");
        await foreach (var session in client.ListSessionsAsync(cancellation))
            table.AddRow([.. Cells(session).Select(Markup.Escape)]);
        AnsiConsole.Write(table);
    }

    private static string[] Cells(Session session) =>
    [
        session.Id,
        session.Position.ToString(CultureInfo.InvariantCulture),
        session.Version.ToString(CultureInfo.InvariantCulture),
        Sizes.Text(session.StateBytes),
        session.Busy ? "busy" : session.Resident ? "memory" : "parked",
        session.UpdatedAt.ToDateTimeOffset().ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        session.ParentId,
    ];
}
