using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Cottention.Training.Commands;
using Cottention.Training.Comparison;

namespace Cottention.Training.Tests.Comparison;

/// <summary>The real program, on a toy text.</summary>
public sealed class ComparisonTests : IDisposable
{
    private readonly ToyText _toy = new();

    public void Dispose() => _toy.Dispose();

    [Fact]
    public async Task Compare_ToyText_MeasuresEverythingOnceAndReports()
    {
        var folder = Path.Combine(_toy.Folder, "comparison");

        await RunAsync(folder);

        var json = Path.Combine(folder, "comparison.json");
        var result = JsonSerializer.Deserialize<ComparisonResult>(File.ReadAllText(json))!; // the file is never null
        Assert.Equal(["cosine", "softmax", "cosine-carry"], result.Runs!.Select(run => run.Name));
        // One norm_const a head is all that cosine attention has more.
        Assert.Equal(2, result.Runs![0].Parameters - result.Runs[1].Parameters);
        Assert.All(result.Runs, run => Assert.InRange(run.Losses["toy"], 0.1, 5));
        Assert.Equal(5, result.Speeds!.Count);
        Assert.Equal(2 * 3, result.Training!.Count);
        Assert.All(result.Training.Concat(result.Bidirectional!), row => Assert.InRange(row.Result!.PeakBytes, 1, 1L << 30));
        long Kept(string kind, int position) => result.Generation!.Single(row => row.Kind == kind && row.Tokens == position).Result!.KeptBytes;
        // State: 1 layer x 2 heads x 16 x 16; keys and values: 2 x (1024 + 16 generated) x 32. Float32.
        Assert.Equal((2048, 2 * 1040 * 32 * 4), (Kept("Cosine", 1024), Kept("Softmax", 1024)));
        Assert.Contains("| cosine / softmax |", File.ReadAllText(Path.Combine(folder, "COMPARISON.md")), StringComparison.Ordinal);

        var before = File.ReadAllText(json);
        await RunAsync(folder);
        Assert.Equal(before, File.ReadAllText(json));
    }

    // Amid the training, whose checkpoint must then be there, and between workloads.
    [Theory]
    [InlineData("== cosine", "checkpoint.safetensors")]
    [InlineData("== memory", "model")]
    public async Task Compare_Interrupted_SaysSoAndKeepsWhatIsDone(string at, string kept)
    {
        var folder = Path.Combine(_toy.Folder, "comparison");
        using (var process = Start(folder))
        {
            var error = process.StandardError.ReadToEndAsync();
            while (await process.StandardOutput.ReadLineAsync() is { } line && !line.StartsWith(at, StringComparison.Ordinal))
            {
            }
            using (var interrupt = Process.Start("kill", ["-INT", process.Id.ToString(CultureInfo.InvariantCulture)]))
                await interrupt.WaitForExitAsync();
            await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();

            Assert.Equal(130, process.ExitCode);
            Assert.Equal("cottention-training: stopped; what was finished is kept, and the same command goes on from there.", (await error).Trim());
        }
        Assert.True(Path.Exists(Path.Combine(folder, "cosine", kept)));
        Assert.False(File.Exists(Path.Combine(folder, "COMPARISON.md")));
    }

    [Fact]
    public void Parse_NoValidationText_IsRefused() =>
        Assert.Contains("--valid", Assert.Single(CompareCommand.Create().Parse($"--data {_toy.TextPath} --out {_toy.Folder}").Errors).Message, StringComparison.Ordinal);

    private async Task RunAsync(string folder)
    {
        using var process = Start(folder);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await error + await output);
    }

    private Process Start(string folder)
    {
        return Process.Start(new ProcessStartInfo
        {
            FileName = "dotnet",
            Arguments = $"{Path.Combine(AppContext.BaseDirectory, "Cottention.Training.dll")} compare --data {_toy.TextPath} --valid {_toy.TextPath} --out {folder} "
                + "--vocabulary 300 --width 32 --heads 2 --layers 1 --inner 48 --rotary-dim 16 --length 32 --batch 4 --steps 12 --warmup 3 --threads 1 --most-tokens 1024",
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        }) ?? throw new InvalidOperationException("The program did not start.");
    }
}
