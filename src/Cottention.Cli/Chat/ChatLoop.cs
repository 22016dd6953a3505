using System.Globalization;
using Cottention.Client;
using Cottention.Protocol.V1;

namespace Cottention.Cli.Chat;

/// <summary>
/// Reads lines, answers them, obeys those that begin with a slash. Answers go to stdout, all else to stderr.
/// The session is saved by the server after each answer; an answer that is stopped leaves the session as it was before the line.
/// </summary>
internal sealed class ChatLoop(CottentionClient client, Interrupt interrupt, ChatTemplate template, GenerateRequest defaults)
{
    private const string Help =
        "/reset  begin anew in a new session      /fork [id]  go on in a copy of this session\n"
        + "/save   say how to come back            /help  this      /quit  leave (so does Ctrl-D)\n"
        + "Ctrl-C stops an answer. A line that begins with // is sent with one slash.";

    private Session _session = new();
    private ChatFormat _format = ChatFormats.Plain;

    /// <summary>Runs until <c>/quit</c> or the end of stdin; returns the exit code.</summary>
    /// <param name="sessionId">Session to go on with; null for a new one.</param>
    public async Task<int> RunAsync(string? sessionId)
    {
        _session = sessionId is null ? await client.CreateSessionAsync() : await client.GetSessionAsync(sessionId);
        var model = await client.GetModelAsync();
        _format = template.FormatFor(model);
        Note.Dim($"{model.Name}; session {_session.Id}, position {_session.Position}, state {Sizes.Text(_session.StateBytes)}. /help for help.");
        while (true)
        {
            Note.Prompt("> ");
            if (await Console.In.ReadLineAsync() is not { } line)
                return ExitCode.Done;
            if (line.Length == 0 && template != ChatTemplate.Plain)
                continue;
            if (!line.StartsWith('/'))
                await AnswerAsync(line);
            else if (line.StartsWith("//", StringComparison.Ordinal))
                await AnswerAsync(line[1..]);
            else if (!await ObeyAsync(line))
                return ExitCode.Done;
        }
    }

    // False: leave.
    private async Task<bool> ObeyAsync(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        try
        {
            switch (words)
            {
                case ["/quit"] or ["/exit"]:
                    return false;
                case ["/help"]:
                    await Console.Error.WriteLineAsync(Help);
                    break;
                case ["/save"]:
                    Note.Dim($"saved at position {_session.Position}. Come back with: cottention chat --session {_session.Id}");
                    break;
                case ["/reset"]:
                    Note.Dim($"left session {_session.Id} as it is.");
                    await EnterAsync(client.CreateSessionAsync());
                    break;
                case ["/fork"]:
                    await EnterAsync(client.ForkSessionAsync(_session.Id));
                    break;
                case ["/fork", var id]:
                    await EnterAsync(client.ForkSessionAsync(_session.Id, id));
                    break;
                default:
                    Note.Dim($"{words[0]} is no command here, or has too many words. /help lists them.");
                    break;
            }
        }
        catch (CottentionException refusal) when (refusal.StatusCode != Grpc.Core.StatusCode.Unavailable)
        {
            Note.Error(refusal.Message);
        }
        return true;
    }

    private async Task EnterAsync(Task<Session> session)
    {
        _session = await session;
        Note.Dim($"now in session {_session.Id}, position {_session.Position}.");
    }

    private async Task AnswerAsync(string line)
    {
        try
        {
            await interrupt.RunAsync(async cancellation =>
            {
                await StreamAsync(line, cancellation);
                return true;
            });
        }
        catch (OperationCanceledException)
        {
            await Console.Out.WriteLineAsync();
            // Asked, not assumed: an answer that ended while it was being stopped is saved.
            var before = _session.Position;
            _session = await client.GetSessionAsync(_session.Id);
            Note.Dim(_session.Position == before
                ? $"stopped; the session is back at position {before}, before your line."
                : $"stopped; the answer had ended and is saved: position {_session.Position}.");
        }
        catch (CottentionException refusal) when (refusal.StatusCode != Grpc.Core.StatusCode.Unavailable)
        {
            await Console.Out.WriteLineAsync();
            Note.Error(refusal.Message);
        }
    }

    private async Task StreamAsync(string line, CancellationToken cancellation)
    {
        var request = defaults.Clone();
        request.SessionId = _session.Id;
        request.Prompt = _format.Prompt(line, first: _session.Position == 0);
        request.Stop.AddRange(_format.Stop);
        var begun = template == ChatTemplate.Plain;
        await foreach (var response in client.GenerateAsync(request, cancellation))
        {
            // The space after the assistant's label is the model's.
            var text = begun ? response.Text : response.Text.TrimStart(' ');
            begun |= text.Length > 0;
            await Console.Out.WriteAsync(text);
            await Console.Out.FlushAsync(cancellation);
            if (response.FinishReason != FinishReason.Unspecified)
                await EndAsync(response);
        }
    }

    private async Task EndAsync(GenerateResponse last)
    {
        await Console.Out.WriteLineAsync();
        _session.Position = last.Position;
        var usage = last.Usage;
        var seconds = (usage.TotalTime.ToTimeSpan() - usage.TimeToFirstToken.ToTimeSpan()).TotalSeconds;
        var speed = usage.OutputTokens > 1 && seconds > 0 ? string.Create(CultureInfo.InvariantCulture, $", {(usage.OutputTokens - 1) / seconds:0} tokens/s") : "";
        var past = last.PastTrainedLength ? ", past the trained length" : "";
        Note.Dim($"[position {last.Position}, state {Sizes.Text(_session.StateBytes)}, {usage.OutputTokens} tokens{speed}{past}]");
    }
}
