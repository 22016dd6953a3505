using System.Diagnostics;
using System.Text;
using Cottention.Conformance;

namespace Cottention.Cli.Tests;

/// <summary>The program in a process of its own, with its three streams in the test's hands.</summary>
public sealed class CliProcess : IAsyncDisposable
{
    /// <summary>The program in its own output folder: the tests' folder lacks what ASP.NET Core brings, and the program does not.</summary>
    public static string Program { get; } = Path.Combine(
        Fixtures.RepositoryRoot, "artifacts", "bin", "Cottention.Cli", new DirectoryInfo(AppContext.BaseDirectory).Name, "cottention.dll");

    private readonly Process _process;
    private readonly Task _readOut;
    private readonly Task _readError;
    private readonly StringBuilder _out = new();
    private readonly StringBuilder _error = new();
    private TaskCompletionSource _heard = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public CliProcess(string[] arguments, string server)
    {
        var start = new ProcessStartInfo("dotnet", [Program, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        };
        start.Environment["COTTENTION_SERVER"] = server;
        _process = Process.Start(start)!; // a process is always started anew here
        _readOut = ReadAsync(_process.StandardOutput, _out);
        _readError = ReadAsync(_process.StandardError, _error);
    }

    /// <summary>Its stdout so far.</summary>
    public string Out => Text(_out);

    /// <summary>Its stderr so far.</summary>
    public string Error => Text(_error);

    public Task TypeAsync(string text) => _process.StandardInput.WriteAsync(text).ContinueWith(_ => _process.StandardInput.FlushAsync(), TaskScheduler.Default).Unwrap();

    public void EndInput() => _process.StandardInput.Close();

    /// <summary>Ctrl-C.</summary>
    public Task InterruptAsync() => ServerProcess.SignalAsync(_process.Id, "INT");

    /// <summary>Waits until what it said holds.</summary>
    public async Task UntilAsync(Func<CliProcess, bool> condition)
    {
        var limit = Task.Delay(ServerProcess.Patience);
        while (!condition(this))
        {
            var heard = Volatile.Read(ref _heard).Task;
            if (condition(this))
                return;
            if (await Task.WhenAny(heard, limit) == limit || (_process.HasExited && !condition(this)))
                throw new InvalidOperationException($"It said:\n{Out}\n{Error}");
        }
    }

    public async Task<int> ExitAsync()
    {
        using var limit = new CancellationTokenSource(ServerProcess.Patience);
        await _process.WaitForExitAsync(limit.Token);
        await Task.WhenAll(_readOut, _readError).WaitAsync(limit.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await ExitAsync();
        }
        _process.Dispose();
    }

    private async Task ReadAsync(StreamReader reader, StringBuilder text)
    {
        var buffer = new char[4096];
        for (var read = -1; read != 0;)
        {
            read = await reader.ReadAsync(buffer);
            lock (text)
                text.Append(buffer, 0, read);
            Interlocked.Exchange(ref _heard, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        }
    }

    private static string Text(StringBuilder text)
    {
        lock (text)
            return text.ToString();
    }
}
