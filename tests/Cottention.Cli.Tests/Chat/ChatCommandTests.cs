using System.Text.RegularExpressions;
using Cottention.Conformance;

namespace Cottention.Cli.Tests.Chat;

[Collection(nameof(SharedServer))]
public sealed partial class ChatCommandTests(CliFixture fixture)
{
    [Fact]
    public async Task Chat_TwoLines_AnswersBothAndShowsPositionGrowAndStateStay()
    {
        var (code, output, error) = await fixture.RunAsync("hello\nand then?\n", "chat", "--template", "plain", "--max-tokens", "12", "--ignore-eos");

        var notes = Position().Matches(error).Select(m => (Position: int.Parse(m.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture), State: m.Groups[2].Value)).ToArray();
        Assert.Equal(0, code);
        Assert.NotEqual("", output);
        Assert.Equal(2, notes.Length);
        Assert.True(notes[1].Position >= notes[0].Position + 12);
        Assert.All(notes, note => Assert.Equal("12 KiB", note.State));
    }

    [Fact]
    public async Task Chat_ModelWithItsOwnFormat_SendsItsTurnsAndStops()
    {
        using var model = new TemporaryFolder();
        foreach (var file in Directory.EnumerateFiles(Fixtures.Path("tiny-model")))
            File.Copy(file, Path.Combine(model.Path, Path.GetFileName(file)));
        await File.WriteAllTextAsync(
            Path.Combine(model.Path, "chat_format.json"), """{ "first_turn": "<{user}>", "next_turn": "|{user}|", "stop": ["e"] }""");
        var sessions = ServerProcess.NewSessionFolder();
        await using (var server = await ServerProcess.StartAsync(sessions, model: model.Path))
        {
            await using var chat = new CliProcess(["chat", "--max-tokens", "40", "--ignore-eos", "--temperature", "0"], server.GrpcAddress);
            await chat.TypeAsync("one\ntwo\n");
            chat.EndInput();
            Assert.Equal(0, await chat.ExitAsync());
            await using var shown = new CliProcess(["model"], server.GrpcAddress);
            Assert.Equal(0, await shown.ExitAsync());

            // The same prompts by hand, in one session.
            async Task<string> GenerateAsync(string prompt)
            {
                await using var process = new CliProcess(
                    ["generate", "--session", "by-hand", "--max-tokens", "40", "--ignore-eos", "--temperature", "0", "--stop", "e", prompt], server.GrpcAddress);
                Assert.Equal(0, await process.ExitAsync());
                return process.Out;
            }
            await using (var create = new CliProcess(["sessions", "create", "by-hand"], server.GrpcAddress))
                Assert.Equal(0, await create.ExitAsync());
            var byHand = await GenerateAsync("<one>") + await GenerateAsync("|two|");

            Assert.Equal(Words(byHand), Words(chat.Out));
            Assert.DoesNotContain("e", chat.Out, StringComparison.Ordinal);
            Assert.Contains("chat      \"<{user}>\"", shown.Out, StringComparison.Ordinal);
        }
        Directory.Delete(sessions, recursive: true);
    }

    [Fact]
    public async Task Chat_Resumed_GoesOnAsIfItHadNotEnded()
    {
        string[] flags = ["chat", "--template", "turns", "--max-tokens", "20", "--ignore-eos"];
        var broken = await fixture.NewSessionAsync("chat-broken");
        var whole = await fixture.NewSessionAsync("chat-whole");

        var first = await fixture.RunAsync("one\n", [.. flags, "--session", broken]);
        var second = await fixture.RunAsync("two\n", [.. flags, "--session", broken]);
        var unbroken = await fixture.RunAsync("one\ntwo\n", [.. flags, "--session", whole]);

        Assert.Equal(unbroken.Out, first.Out + second.Out);
    }

    [Fact]
    public async Task Chat_Commands_DoWhatHelpSays()
    {
        var id = await fixture.NewSessionAsync("chat-commands");

        var (code, output, error) = await fixture.RunAsync(
            "/help\nhello\n/save\n/fork chat-copy\n/fork chat-copy\n/reset\n/nonsense\n/fork a b c\n//slash\n/quit\nnever read\n",
            "chat", "--session", id, "--template", "plain", "--max-tokens", "3", "--ignore-eos");

        Assert.Equal(0, code);
        Assert.Equal(2, Position().Count(error)); // two answers: hello and /slash
        Assert.Contains("/reset  begin anew", error, StringComparison.Ordinal);
        Assert.Contains($"Come back with: cottention chat --session {id}", error, StringComparison.Ordinal);
        Assert.Contains("now in session chat-copy, position ", error, StringComparison.Ordinal);
        Assert.Contains("error: session 'chat-copy' exists already", error, StringComparison.Ordinal);
        Assert.Contains("left session chat-copy as it is", error, StringComparison.Ordinal);
        Assert.Contains("/nonsense is no command here", error, StringComparison.Ordinal);
        Assert.DoesNotContain("session", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_CtrlCAmidAnAnswer_StopsTheAnswerAndNotTheProgram()
    {
        var id = await fixture.NewSessionAsync("chat-interrupted");
        await using var process = fixture.Start("chat", "--session", id, "--template", "plain", "--max-tokens", "1000000", "--ignore-eos");
        await process.TypeAsync("hello\n");
        await process.UntilAsync(p => p.Out.Length > 0);

        await process.InterruptAsync();
        await process.UntilAsync(p => p.Error.Contains("stopped; the session is back at position 0", StringComparison.Ordinal));
        await process.TypeAsync("/save\n");
        await process.UntilAsync(p => p.Error.Contains("saved at position 0", StringComparison.Ordinal));
        await process.InterruptAsync();

        Assert.Equal(130, await process.ExitAsync());
    }

    [Fact]
    public async Task Chat_ServerKilledBetweenTurns_ResumesById()
    {
        var sessions = ServerProcess.NewSessionFolder();
        string position;
        await using (var server = await ServerProcess.StartAsync(sessions))
        {
            await using var chat = new CliProcess(["chat", "--max-tokens", "5", "--ignore-eos"], server.GrpcAddress);
            await chat.TypeAsync("hello\n");
            await chat.UntilAsync(p => Position().IsMatch(p.Error));
            position = Position().Match(chat.Error).Groups[1].Value;
            await server.KillAsync();
            await chat.TypeAsync("more\n");
            Assert.Equal(3, await chat.ExitAsync());
        }

        await using var again = await ServerProcess.StartAsync(sessions);
        await using var list = new CliProcess(["sessions", "list"], again.GrpcAddress);
        Assert.Equal(0, await list.ExitAsync());
        var cells = list.Out.Split('\t');
        await using var resumed = new CliProcess(["chat", "--session", cells[0]], again.GrpcAddress);
        resumed.EndInput();
        Assert.Equal(0, await resumed.ExitAsync());

        Assert.Equal(position, cells[1]);
        Assert.Contains($"position {position}, state 12 KiB", resumed.Error, StringComparison.Ordinal);
        Directory.Delete(sessions, recursive: true);
    }

    // Answers differ in the line ends and spaces around them only.
    private static string Words(string text) => text.Replace(" ", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal);

    [GeneratedRegex(@"\[position (\d+), state ([^,]+), ")]
    private static partial Regex Position();
}
