using System.CommandLine;
using System.CommandLine.Parsing;
using Cottention.Cli.Generate;

namespace Cottention.Cli.Chat;

/// <summary><c>cottention chat</c>: a conversation in one session, saved after each answer.</summary>
internal static class ChatCommand
{
    // Small models ramble at 1.
    private const float Temperature = 0.7f;

    public static Command Create()
    {
        var session = new Option<string?>("--session") { HelpName = "id", Description = "Session to go on with. Default: a new one." };
        var template = new Option<ChatTemplate>("--template")
        {
            HelpName = "model|turns|plain",
            Description = "model: as the model's own chat format says, or turns where it has none; turns: lines become User: and Assistant: turns; plain: the model goes on with what is typed. Default: model.",
            CustomParser = result => Enum.TryParse<ChatTemplate>(result.Tokens[0].Value, ignoreCase: true, out var value) && Enum.IsDefined(value)
                ? value
                : Refuse(result),
        };
        var sampling = new SamplingFlags();
        var command = new Command("chat", "Talks with the model. /help lists what can be typed; Ctrl-C stops an answer. Temperature is 0.7 unless given.") { session, template };
        sampling.AddTo(command);
        command.SetClientAction((client, parsed, interrupt) =>
        {
            var request = sampling.Read(parsed);
            if (!request.HasTemperature)
                request.Temperature = Temperature;
            return new ChatLoop(client, interrupt, parsed.GetValue(template), request).RunAsync(parsed.GetValue(session));
        });
        return command;
    }

    private static ChatTemplate Refuse(ArgumentResult result)
    {
        result.AddError($"--template is '{result.Tokens[0].Value}'; allowed: model, turns or plain");
        return default;
    }
}
