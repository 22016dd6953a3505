using System.CommandLine;
using Cottention.Client;
using Cottention.Protocol.V1;

namespace Cottention.Cli.Generate;

/// <summary><c>cottention generate</c>: one generation, its text on stdout as it comes.</summary>
internal static class GenerateCommand
{
    private const string FromStdin = "-";

    public static Command Create()
    {
        var prompt = new Argument<string?>("prompt")
        {
            Description = "Text to continue. - or none: from stdin, its last line end dropped.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var session = new Option<string?>("--session") { HelpName = "id", Description = "Session to continue. Default: none, nothing is kept." };
        var echo = new Option<bool>("--echo") { Description = "Print the prompt first." };
        var logprobs = NumberOption.One<int>("--logprobs", "n", "Report ln p of each token and of the n best ones; seen with --json.");
        var json = JsonLines.Flag();
        var sampling = new SamplingFlags();
        var command = new Command("generate", "Continues a text.") { prompt, session, echo, logprobs, json };
        sampling.AddTo(command);
        command.SetClientAction(async (client, parsed, interrupt) =>
        {
            if (await ReadPromptAsync(parsed.GetValue(prompt)) is not { } text)
            {
                Note.Error("no prompt: give one as an argument or on stdin");
                return ExitCode.Usage;
            }
            var request = sampling.Read(parsed);
            request.Prompt = text;
            if (parsed.GetValue(echo))
                request.Echo = true;
            if (parsed.GetValue(session) is { } id)
                request.SessionId = id;
            if (parsed.GetValue(logprobs) is { } count)
                request.Logprobs = count;
            return await interrupt.RunAsync(cancellation => StreamAsync(client, request, parsed.GetValue(json), cancellation));
        });
        return command;
    }

    private static async Task<string?> ReadPromptAsync(string? argument)
    {
        if (argument is not null and not FromStdin)
            return argument;
        if (argument is null && !Console.IsInputRedirected)
            return null;
        var text = await Console.In.ReadToEndAsync();
        return text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text;
    }

    private static async Task<int> StreamAsync(CottentionClient client, GenerateRequest request, bool json, CancellationToken cancellation)
    {
        await foreach (var response in client.GenerateAsync(request, cancellation))
            if (json)
                JsonLines.Write(response);
            else
                await Console.Out.WriteAsync(response.Text);
        if (!json && !Console.IsOutputRedirected)
            await Console.Out.WriteLineAsync();
        return ExitCode.Done;
    }
}
