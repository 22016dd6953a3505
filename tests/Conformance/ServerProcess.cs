using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Cottention.Conformance;

/// <summary>
/// The real server in a process of its own, on ports that the system chose, with sessions in a folder of its own.
/// For test projects that reference Cottention.Server, whose program then lies beside the tests.
/// </summary>
public sealed partial class ServerProcess : IAsyncDisposable
{
    /// <summary>Longest wait for anything a process does.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();
    private readonly ConcurrentQueue<string> _errors = new();
    private readonly TaskCompletionSource<(string Grpc, string Http)> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ServerProcess(IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Cottention.Server.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Heard(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(_errors, line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Address of gRPC.</summary>
    public string GrpcAddress { get; private set; } = "";

    /// <summary>Address of health, metrics and gRPC-Web.</summary>
    public string HttpAddress { get; private set; } = "";

    /// <summary>The id of the process.</summary>
    public int Id => _process.Id;

    /// <summary>Lines of stdout so far: the report of the start, and the log.</summary>
    public IReadOnlyCollection<string> Output => _output;

    /// <summary>Lines of stderr so far.</summary>
    public IReadOnlyCollection<string> Errors => _errors;

    /// <summary>A fresh folder for sessions; the test deletes it.</summary>
    public static string NewSessionFolder() => Directory.CreateTempSubdirectory("cottention-sessions-").FullName;

    /// <summary>Starts a server, on the tiny model unless another is named, and waits until it serves.</summary>
    /// <param name="sessions">Folder of the sessions.</param>
    /// <param name="arguments">Further flags.</param>
    /// <param name="environment">Further environment variables.</param>
    /// <param name="model">Folder of another model.</param>
    public static async Task<ServerProcess> StartAsync(string sessions, string[]? arguments = null, IReadOnlyDictionary<string, string>? environment = null, string? model = null)
    {
        var server = Start([
            "--model", model ?? Fixtures.Path("tiny-model"), "--sessions", sessions, "--grpc-port", "0", "--http-port", "0", "--threads", "1", .. arguments ?? []], environment);
        await server.ListeningAsync();
        await server.Wait(server._ready.Task, "serves");
        return server;
    }

    /// <summary>Starts a server with exactly these flags, and waits for nothing.</summary>
    public static ServerProcess Start(IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null) => new(arguments, environment);

    /// <summary>Waits until the ports are open; the model may still be loading.</summary>
    public async Task ListeningAsync()
    {
        await Wait(_listening.Task, "listens");
        (GrpcAddress, HttpAddress) = await _listening.Task;
    }

    /// <summary>Waits until it has ended by itself and returns its exit code.</summary>
    public async Task<int> ExitAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    /// <summary>Asks it to stop, as a container engine does.</summary>
    public Task TerminateAsync() => SignalAsync(_process.Id, "TERM");

    /// <summary>Sends a signal by its name, for example <c>INT</c>.</summary>
    public static async Task SignalAsync(int processId, string signal)
    {
        using var kill = Process.Start("sh", ["-c", $"kill -s {signal} {processId}"]);
        await kill.WaitForExitAsync();
        Assert.Equal(0, kill.ExitCode);
    }

    /// <summary>Ends it at once, as a power cut does.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await ExitAsync();
    }

    /// <summary>Everything that it said.</summary>
    public override string ToString() => string.Join('\n', [.. _output, .. _errors]);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await KillAsync();
        _process.Dispose();
    }

    private void Heard(string? line)
    {
        Keep(_output, line);
        if (line is not null && ListeningLine().Match(line) is { Success: true } addresses)
            _listening.TrySetResult((addresses.Groups[1].Value, addresses.Groups[2].Value));
        if (line == "Ready.")
            _ready.TrySetResult();
    }

    private async Task Wait(Task task, string what)
    {
        var first = await Task.WhenAny(task, _process.WaitForExitAsync(), Task.Delay(Patience));
        if (first != task && !task.IsCompleted)
            throw new InvalidOperationException($"The server that should say it {what} did not:\n{this}");
    }

    private static void Keep(ConcurrentQueue<string> lines, string? line)
    {
        if (line is not null)
            lines.Enqueue(line);
    }

    [GeneratedRegex(@"Listening: gRPC (http://\S+), .* (http://\S+); loading")]
    private static partial Regex ListeningLine();
}
