using System.Diagnostics;

namespace Cottention.Cli.Tests;

/// <summary>Runs the program as a user does: a process of its own.</summary>
internal static class CommandLine
{
    public static (int ExitCode, string Out, string Error) Run(params string[] args)
    {
        var start = new ProcessStartInfo("dotnet", [CliProcess.Program, .. args])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!; // a process is always started anew here
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
