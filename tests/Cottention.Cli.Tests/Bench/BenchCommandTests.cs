using System.Text.Json;
using Cottention.Conformance;

namespace Cottention.Cli.Tests.Bench;

public sealed class BenchCommandTests : IDisposable
{
    private static readonly string[] Quick = ["bench", "--shape", "tiny", "--rounds", "2", "--threads", "1", "--batch", "1,3", "--position", "5,70000", "--prefill", "9"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Bench_RandomWeights_MeasuresEveryWork()
    {
        var file = _folder.File("bench.json");

        var (code, output, error) = CommandLine.Run([.. Quick, "--json", file]);

        Assert.Equal((0, ""), (code, error));
        Assert.Contains("random tiny: 2 layers x 128, 4 heads x 32, inner 256, vocabulary 512", output, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(File.ReadAllText(file));
        var works = json.RootElement.GetProperty("works").EnumerateArray().ToArray();
        string[] names =
        [
            "decode, batch 1, position 5", "decode, batch 1, position 70000", "engine with sampler, batch 1",
            "decode, batch 3, position 5", "decode, batch 3, position 70000", "engine with sampler, batch 3",
            "prefill, 9 tokens",
        ];
        Assert.Equal(names, works.Select(work => work.GetProperty("name").GetString()));
        Assert.All(names, name => Assert.Contains($"| {name} ", output, StringComparison.Ordinal));
        Assert.All(works, AssertPlausible);
        Assert.Equal([null, names[0], names[0], null, names[3], names[3], null], works.Select(work => work.GetProperty("baseline").GetString()));
    }

    [Theory]
    [InlineData("f32")]
    [InlineData("bf16")]
    public void Bench_ModelFolder_MeasuresThatModel(string weights)
    {
        var (code, output, error) = CommandLine.Run(
            "bench", Fixtures.Path("tiny-model"), "--weights", weights, "--kernels", "portable", "--rounds", "1", "--threads", "1", "--batch", "2", "--position", "0", "--prefill", "0");

        Assert.Equal((0, ""), (code, error));
        Assert.Contains("tiny-model: ", output, StringComparison.Ordinal);
        Assert.Contains($"portable kernels, {weights} weights, 1 threads", output, StringComparison.Ordinal);
        Assert.Contains("| engine with sampler, batch 2 ", output, StringComparison.Ordinal);
        Assert.DoesNotContain("prefill,", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Help_Bench_ShowsFlagsAndDefaults()
    {
        var (code, output, _) = CommandLine.Run("bench", "--help");

        Assert.Equal(0, code);
        Assert.Contains("[default: 128,32768,1000000]", output, StringComparison.Ordinal);
        Assert.Contains("--weights <auto|", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "--batch is '1,0'; allowed: whole numbers from 1 to 1024, parted by commas", "--batch", "1,0")]
    [InlineData(2, "--position is '-1'; allowed: whole numbers from 0 to 1000000000000, parted by commas", "--position", "-1")]
    [InlineData(2, "--rounds is 'many'; allowed: a whole number from 1 to 1000", "--rounds", "many")]
    [InlineData(2, "Argument 'f64' not recognized", "--weights", "f64")]
    [InlineData(2, "--shape is for random weights", "somewhere", "--shape", "tiny")]
    [InlineData(1, "nowhere: there is no such folder", "nowhere")]
    [InlineData(1, "--json is '/nowhere/at/all.json'; allowed: a file in a folder that exists", "--json", "/nowhere/at/all.json")]
    public void Bench_Fault_IsOneLineAndItsCode(int expectedCode, string expected, params string[] arguments)
    {
        var (code, output, error) = CommandLine.Run(["bench", .. arguments]);

        Assert.Equal((expectedCode, ""), (code, output));
        Assert.StartsWith("error: ", error, StringComparison.Ordinal);
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bench_Interrupted_Is130()
    {
        var file = _folder.File("bench.json");
        await using var process = new CliProcess([.. Quick[..3], "--rounds", "1000", "--json", file], "http://127.0.0.1:1");
        await process.UntilAsync(p => p.Out.Contains("Medians of 1000 rounds", StringComparison.Ordinal));

        await process.InterruptAsync();

        Assert.Equal((130, ""), (await process.ExitAsync(), process.Error));
        Assert.DoesNotContain("| work", process.Out, StringComparison.Ordinal);
        Assert.False(File.Exists(file));
    }

    private static void AssertPlausible(JsonElement work)
    {
        var (bytes, raw, share) = (Number(work, "gigabytes_per_second"), Number(work, "raw_read_gigabytes_per_second"), Number(work, "share_of_raw_read"));
        Assert.InRange(Number(work, "tokens_per_second"), 1, 1e9);
        Assert.InRange(bytes, 1e-6, 1e5);
        Assert.InRange(raw, 1e-3, 1e5);
        Assert.InRange(share, 1e-6, 1e5);
        var ratio = work.GetProperty("ratio_to_baseline");
        if (ratio.ValueKind != JsonValueKind.Null)
            Assert.InRange(ratio.GetDouble(), 1e-4, 1e4);
        Assert.Equal(work.GetProperty("kind").GetString() == "prefill", work.GetProperty("gigaflops_per_second").ValueKind == JsonValueKind.Number);
    }

    private static double Number(JsonElement work, string name) => work.GetProperty(name).GetDouble();
}
