using System.Runtime.InteropServices;

namespace Cottention.Cli;

/// <summary>Ctrl-C: cancels the work in hand; where there is none, ends the program as usual.</summary>
internal sealed class Interrupt : IDisposable
{
    private readonly Lock _lock = new();
    private readonly PosixSignalRegistration _registration;
    private CancellationTokenSource? _work;

    public Interrupt() => _registration = PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
    {
        lock (_lock)
        {
            context.Cancel = _work is not null;
            _work?.Cancel();
        }
    });

    /// <summary>Runs work that Ctrl-C cancels; it then ends with <see cref="OperationCanceledException"/>.</summary>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> work)
    {
        using var source = new CancellationTokenSource();
        Set(source);
        try
        {
            return await work(source.Token);
        }
        finally
        {
            Set(null);
        }
    }

    public void Dispose() => _registration.Dispose();

    private void Set(CancellationTokenSource? source)
    {
        lock (_lock)
            _work = source;
    }
}
