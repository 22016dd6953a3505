using System.Diagnostics;

namespace Cottention.Conformance;

/// <summary>
/// The native library that the tests run on: the one that COTTENTION_NATIVE_LIBRARY names if it is set, otherwise the CPU build,
/// made here from the sources in native/.
/// </summary>
public static class NativeBuild
{
    /// <summary>Environment variable with the path of a library; the product reads it too.</summary>
    public const string PathVariable = "COTTENTION_NATIVE_LIBRARY";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(8);
    private static readonly Lazy<string> Built = new(Build);

    /// <summary>Why there can be no library, or null. Nothing is built for the answer.</summary>
    public static string? Unavailable { get; } =
        IsGiven || (OperatingSystem.IsLinux() && OnPath("cmake") && (OnPath("make") || OnPath("ninja")) && HasCompiler)
            ? null
            : "needs Linux with cmake, make and a C++ compiler, or COTTENTION_NATIVE_LIBRARY";

    /// <summary>The C compiler's command, or null.</summary>
    public static string? CCompiler { get; } = new[] { "cc", "gcc", "clang" }.FirstOrDefault(OnPath);

    /// <summary>Why nothing can be compiled from C, or null.</summary>
    public static string? WhyNoCCompiler => CCompiler is null ? "needs a C compiler: cc, gcc or clang" : null;

    private static bool IsGiven => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(PathVariable));

    private static bool HasCompiler => OnPath("c++") || OnPath("g++") || OnPath("clang++") || !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("CXX"));

    /// <summary>Builds the library, once, and has this process use it.</summary>
    public static string Use() => Built.Value;

    /// <summary>Runs a command and returns what it printed; fails unless it ends well.</summary>
    public static string Run(string command, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })
            ?? throw new InvalidOperationException($"{command} did not start");
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        if (!process.WaitForExit(Patience))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{command} {string.Join(' ', arguments)} did not end within {Patience}");
        }

        return process.ExitCode == 0
            ? output.Result
            : throw new InvalidOperationException($"{command} {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{output.Result}\n{errors.Result}");
    }

    private static string Build()
    {
        if (IsGiven)
            return Environment.GetEnvironmentVariable(PathVariable)!; // IsGiven
        var sources = Path.Combine(Fixtures.RepositoryRoot, "native");
        var folder = Path.Combine(Fixtures.RepositoryRoot, "artifacts", "native", "cpu");
        // Test processes that run side by side build one after the other.
        using var gate = new Mutex(false, "Global\\cottention-native-cpu");
        try
        {
            if (!gate.WaitOne(Patience))
                throw new TimeoutException("another process has been building the native library for too long");
        }
        catch (AbandonedMutexException)
        {
            // Whoever held it was killed; cmake goes on where that left off.
        }

        try
        {
            Run("cmake", "-S", sources, "-B", folder, "-DCTN_CUDA=OFF");
            Run("cmake", "--build", folder, "--target", "cottention-cpu", "--parallel");
        }
        finally
        {
            gate.ReleaseMutex();
        }

        var library = Path.Combine(folder, "libcottention-cpu.so");
        Environment.SetEnvironmentVariable(PathVariable, library);
        return library;
    }

    private static bool OnPath(string command) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => folder.Length > 0 && File.Exists(Path.Combine(folder, command)));
}
