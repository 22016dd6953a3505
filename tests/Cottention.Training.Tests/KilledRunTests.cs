using System.Diagnostics;

namespace Cottention.Training.Tests;

/// <summary>The real program, killed without warning and started again.</summary>
public sealed class KilledRunTests : IDisposable
{
    private const string Sizes =
        "--vocabulary 300 --width 32 --heads 2 --layers 1 --inner 48 --rotary-dim 8 --length 32 --batch 4 --steps 60 --warmup 3 --threads 1 --validate-every 20";

    private readonly ToyText _toy = new();

    public void Dispose() => _toy.Dispose();

    [Fact]
    public async Task Train_KilledThreeTimes_EndsWithTheLossesAndTheModelOfAnUnbrokenRun()
    {
        var (unbroken, killed) = (new RunFolder(Path.Combine(_toy.Folder, "unbroken")), new RunFolder(Path.Combine(_toy.Folder, "killed")));
        using (var whole = Start(unbroken))
        {
            await whole.StandardOutput.ReadToEndAsync();
            await whole.WaitForExitAsync();
            Assert.Equal(0, whole.ExitCode);
        }

        // A text every four steps tells how far it is: killed after steps 4, 12 and 20 of each start.
        foreach (var texts in new[] { 1, 3, 5 })
        {
            using var process = Start(killed);
            for (var seen = 0; seen < texts;)
                if ((await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The run ended early.")).StartsWith("Ann", StringComparison.Ordinal))
                    seen++;
            process.Kill();
            await process.WaitForExitAsync();
        }
        using (var last = Start(killed))
        {
            var output = await last.StandardOutput.ReadToEndAsync();
            await last.WaitForExitAsync();
            Assert.Contains("resumed after step", output, StringComparison.Ordinal);
        }

        Assert.Equal(Curve(unbroken), Curve(killed));
        Assert.Equal(File.ReadAllBytes(Path.Combine(unbroken.Model, "model.safetensors")), File.ReadAllBytes(Path.Combine(killed.Model, "model.safetensors")));
    }

    // All but the speed.
    private static string[] Curve(RunFolder folder) => [.. File.ReadAllLines(folder.Log).Select(line => line[..line.LastIndexOf(',')])];

    private Process Start(RunFolder folder) => Process.Start(new ProcessStartInfo
    {
        FileName = "dotnet",
        Arguments = $"{Path.Combine(AppContext.BaseDirectory, "Cottention.Training.dll")} train --data {_toy.TextPath} --valid {_toy.TextPath} --out {folder.Root} "
            + $"{Sizes} --checkpoint-minutes 0 --sample-every 4 --sample-prompt Ann",
        RedirectStandardOutput = true,
    }) ?? throw new InvalidOperationException("The program did not start.");
}
