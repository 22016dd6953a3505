using System.Text.Json;

namespace Cottention.Cli.Tests.Sessions;

[Collection(nameof(SharedServer))]
public sealed class SessionsCommandTests(CliFixture fixture)
{
    [Fact]
    public async Task Sessions_WholeLife_IsSeen()
    {
        var created = await fixture.RunAsync(null, "sessions", "create", "cli-life", "--json");
        var forked = await fixture.RunAsync(null, "sessions", "fork", "cli-life", "cli-fork");
        var listed = await fixture.RunAsync(null, "sessions", "list");
        var deleted = await fixture.RunAsync(null, "sessions", "delete", "cli-life", "cli-fork");
        var gone = await fixture.RunAsync(null, "sessions", "get", "cli-life");

        using var json = JsonDocument.Parse(created.Out);
        Assert.Equal(("cli-life", "12288"), (json.RootElement.GetProperty("id").GetString(), json.RootElement.GetProperty("state_bytes").GetString()));
        Assert.Equal("cli-life", forked.Out.TrimEnd('\n').Split('\t')[^1]);
        Assert.Contains(listed.Out.Split('\n'), line => line.StartsWith("cli-fork\t0\t1\t12 KiB\t", StringComparison.Ordinal));
        Assert.Equal((0, ""), (deleted.ExitCode, deleted.Out));
        Assert.Equal((1, "error: no session 'cli-life'\n"), (gone.ExitCode, gone.Error));
    }

    [Fact]
    public async Task Model_ShowsStateAndSizes()
    {
        var (code, output, _) = await fixture.RunAsync(null, "model");

        Assert.Equal(0, code);
        Assert.Contains("tiny-model, 125,720 parameters", output, StringComparison.Ordinal);
        Assert.Contains("12 KiB a session at any length", output, StringComparison.Ordinal);
    }
}
