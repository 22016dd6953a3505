using System.Globalization;
using System.Text.RegularExpressions;
using Cottention.Protocol.V1;

namespace Cottention.Server.Tests.Telemetry;

[Collection(nameof(SharedServer))]
public sealed partial class MetricsTests(ServerFixture fixture)
{
    [Fact]
    public async Task Metrics_AfterAGeneration_ParseAndHoldEveryInstrument()
    {
        var session = await fixture.Client.CreateSessionAsync("metrics-" + Guid.NewGuid());
        await fixture.RunAsync(new GenerateRequest { SessionId = session.Id, Prompt = "Zanzibar", MaxTokens = 10, IgnoreEos = true });

        var samples = await ScrapeAsync();

        string[] expected =
        [
            "gen_ai_server_request_duration_seconds_bucket", "gen_ai_server_time_to_first_token_seconds_bucket",
            "gen_ai_server_time_per_output_token_seconds_bucket", "cottention_step_duration_seconds_bucket", "cottention_batch_rows_bucket",
            "cottention_tokens_total", "cottention_sessions_resident", "cottention_state_bytes", "cottention_queue_length",
        ];
        Assert.Empty(expected.Except(samples.Select(s => s.Name)));
        Assert.DoesNotContain(samples, s => s.Labels.Contains(session.Id, StringComparison.Ordinal) || s.Labels.Contains("session_id", StringComparison.Ordinal));
        Assert.Equal(12_288 * Value(samples, "cottention_sessions_resident"), Value(samples, "cottention_state_bytes"));
        Assert.True(Value(samples, "cottention_tokens_total", "type=\"output\"") >= 10);
    }

    [Theory]
    [InlineData("gen_ai_server_request_duration_seconds_bucket", "81.92")]
    [InlineData("gen_ai_server_time_to_first_token_seconds_bucket", "7.5")]
    [InlineData("gen_ai_server_time_per_output_token_seconds_bucket", "0.025")]
    public async Task Buckets_OfTheConventions_AreThereWithFinerOnes(string name, string bound)
    {
        await fixture.RunAsync(new GenerateRequest { Prompt = "a", MaxTokens = 5, IgnoreEos = true });

        var samples = await ScrapeAsync();

        foreach (var le in new[] { bound, "0.0001", "0.0005", "0.002", "0.01" })
            Assert.Contains(samples, s => s.Name == name && s.Labels.Contains($"le=\"{le}\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Log_EverythingAtDebug_HoldsNoPromptAndNoOutput()
    {
        var text = await fixture.TextAsync(new GenerateRequest { Prompt = "Xylophones of Quetzaltenango", MaxTokens = 60, Seed = 4, IgnoreEos = true, Stop = { "Zyzzyva" } });

        var log = fixture.Server.ToString();

        Assert.Contains("dbug", log, StringComparison.Ordinal);
        foreach (var secret in new[] { "Xylophone", "Quetzaltenango", "Zyzzyva", text })
            Assert.DoesNotContain(secret, log, StringComparison.Ordinal);
    }

    private async Task<List<(string Name, string Labels, double Value)>> ScrapeAsync()
    {
        using var http = new HttpClient();
        var body = await http.GetStringAsync(new Uri(fixture.Server.HttpAddress + "/metrics"));
        var samples = new List<(string, string, double)>();
        foreach (var line in body.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line[0] != '#'))
        {
            var match = Sample().Match(line);
            Assert.True(match.Success, line);
            samples.Add((match.Groups[1].Value, match.Groups[2].Value, double.Parse(match.Groups[3].Value, CultureInfo.InvariantCulture)));
        }
        return samples;
    }

    private static double Value(IEnumerable<(string Name, string Labels, double Value)> samples, string name, string label = "") =>
        Assert.Single(samples, s => s.Name == name && s.Labels.Contains(label, StringComparison.Ordinal)).Value;

    // A line of Prometheus's text format: name, labels, value, time of the sample.
    [GeneratedRegex(@"^([a-zA-Z_:][\w:]*)(\{.*\})? (\S+)( \d+)?$")]
    private static partial Regex Sample();
}
