namespace Cottention.Cli.Tests;

[Collection(nameof(SharedServer))]
public sealed class ExitCodeTests(CliFixture fixture)
{
    [Theory]
    [InlineData(2, "Required command was not provided")]
    [InlineData(2, "--top-k is 'x'; allowed: a whole number", "generate", "a", "--top-k", "x")]
    [InlineData(2, "--logit-bias is '1:2'; allowed: id=x", "generate", "a", "--logit-bias", "1:2")]
    [InlineData(2, "--template is 'poem'; allowed: model, turns or plain", "chat", "--template", "poem")]
    [InlineData(2, "--server is 'nowhere'; allowed: http://host:port", "model", "--server", "nowhere")]
    [InlineData(3, "no server at http://127.0.0.1:1;", "model", "--server", "http://127.0.0.1:1")]
    [InlineData(1, "no session 'nobody'", "chat", "--session", "nobody")]
    [InlineData(1, "session_id", "sessions", "get", "../etc/passwd")]
    public async Task Fault_AnyKind_IsOneLineAndItsCode(int code, string expected, params string[] arguments)
    {
        var result = await fixture.RunAsync(null, arguments);

        Assert.Equal((code, ""), (result.ExitCode, result.Out));
        var line = Assert.Single(result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries), l => !l.StartsWith("Try: ", StringComparison.Ordinal));
        Assert.StartsWith("error: ", line, StringComparison.Ordinal);
        Assert.Contains(expected, line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData]
    [InlineData("chat")]
    [InlineData("generate")]
    [InlineData("sessions", "list")]
    public async Task Help_AnyCommand_IsZero(params string[] command)
    {
        var (code, output, _) = await fixture.RunAsync(null, [.. command, "--help"]);

        Assert.Equal(0, code);
        Assert.Contains("--server", output, StringComparison.Ordinal);
    }
}
