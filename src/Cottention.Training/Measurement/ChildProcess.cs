using System.Diagnostics;
using System.Text.Json;

namespace Cottention.Training.Measurement;

/// <summary>Runs a workload in a process of its own, so that its peak of memory is its own.</summary>
internal static class ChildProcess
{
    /// <summary>Runs <c>measure</c> of this program with arguments, and waits for it.</summary>
    /// <returns>What it took, or null with the reason when it failed: too little memory, mostly.</returns>
    public static async Task<(Measured? Result, string Reason)> MeasureAsync(IEnumerable<string> arguments, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo { FileName = Environment.ProcessPath ?? "dotnet", RedirectStandardOutput = true, RedirectStandardError = true };
        // Started through dotnet, the program is the first argument.
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
            start.ArgumentList.Add(typeof(ChildProcess).Assembly.Location);
        start.ArgumentList.Add("measure");
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} did not start.");
        try
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(cancellation), process.StandardError.ReadToEndAsync(cancellation));
            await process.WaitForExitAsync(cancellation);
            return process.ExitCode == 0 ? (JsonSerializer.Deserialize<Measured>(await output), "") : (null, Why(process.ExitCode, await error));
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }

    private static string Why(int exitCode, string error) =>
        error.Split('\n', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault() is { } line ? line.Trim() : $"ended with {exitCode}";
}
