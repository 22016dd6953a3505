using System.Text.Json;

namespace Cottention.Cli.Tests.Generate;

[Collection(nameof(SharedServer))]
public sealed class GenerateCommandTests(CliFixture fixture)
{
    [Fact]
    public async Task Generate_PromptFromArgumentAndFromStdin_GivesTheSameText()
    {
        string[] flags = ["--seed", "3", "--max-tokens", "30"];

        var argument = await fixture.RunAsync(null, ["generate", "the end", .. flags]);
        var stdin = await fixture.RunAsync("the end\n", ["generate", .. flags]);
        var dash = await fixture.RunAsync("the end", ["generate", "-", .. flags]);

        Assert.Equal((0, ""), (argument.ExitCode, argument.Error));
        Assert.NotEqual("", argument.Out);
        Assert.Equal(argument, stdin);
        Assert.Equal(argument, dash);
    }

    [Fact]
    public async Task Generate_Json_IsOneEventALineWithTheNamesOfTheProto()
    {
        var (code, output, _) = await fixture.RunAsync(null, "generate", "a", "--json", "--max-tokens", "5", "--ignore-eos", "--logprobs", "2", "--echo");

        var events = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal((0, 7), (code, events.Length));
        Assert.Equal("a", events[0].GetProperty("text").GetString());
        Assert.All(events[1..6], e => Assert.Equal(2, e.GetProperty("top_logprobs").GetArrayLength()));
        Assert.Equal(("FINISH_REASON_LENGTH", 5), (events[6].GetProperty("finish_reason").GetString(), events[6].GetProperty("usage").GetProperty("output_tokens").GetInt32()));
    }

    [Fact]
    public async Task Generate_EveryFlag_ReachesTheServer()
    {
        var (code, output, error) = await fixture.RunAsync(null,
            "generate", "a", "--max-tokens", "9", "--min-tokens", "9", "--temperature", "0.5", "--top-k", "50", "--top-p", "0.9", "--min-p", "0.01",
            "--typical-p", "0.95", "--repetition-penalty", "1.1", "--presence-penalty", "0.1", "--frequency-penalty", "-0.1", "--penalty-window", "32",
            "--seed", "18446744073709551615", "--stop", "zzz", "--stop", "yyy", "--stop-token", "299", "--ban-token", "5", "--logit-bias", "42=100",
            "--ignore-eos", "--parse-control-tokens", "--json");

        Assert.True(code == 0, error);
        var tokens = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)
            .Where(e => e.TryGetProperty("token_id", out _)).Select(e => e.GetProperty("token_id").GetInt32());
        Assert.Equal(Enumerable.Repeat(42, 9), tokens);
    }

    [Fact]
    public async Task Generate_InSession_MovesIt()
    {
        var id = await fixture.NewSessionAsync("generate-in-session");

        await fixture.RunAsync("", "generate", "abc", "--session", id, "--max-tokens", "4", "--ignore-eos");

        var (_, line, _) = await fixture.RunAsync(null, "sessions", "get", id);
        Assert.Equal([id, "7", "2", "12 KiB", "memory"], line.Split('\t')[..5]);
    }

    [Fact]
    public async Task Generate_FaultyFields_IsOneLineThatNamesThemAll()
    {
        var (code, output, error) = await fixture.RunAsync(null, "generate", "a", "--temperature", "NaN", "--top-p", "7");

        Assert.Equal((1, ""), (code, output));
        var line = Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("temperature is NaN; allowed: 0 to 100", line, StringComparison.Ordinal);
        Assert.Contains("top_p is 7; allowed: above 0, up to 1", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_CtrlC_EndsWith130()
    {
        await using var process = fixture.Start("generate", "a", "--max-tokens", "1000000", "--ignore-eos");
        process.EndInput();
        await process.UntilAsync(p => p.Out.Length > 0);

        await process.InterruptAsync();

        Assert.Equal(130, await process.ExitAsync());
        Assert.Equal("", process.Error);
    }
}
