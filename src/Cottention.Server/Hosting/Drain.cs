using Microsoft.Extensions.Options;

namespace Cottention.Server.Hosting;

/// <summary>The bound on stopping: calls in progress may go on for a while after the stop was asked for, then are cut off.</summary>
internal sealed class Drain : IDisposable
{
    private readonly CancellationTokenSource _over;
    private readonly CancellationTokenRegistration _onStopping;

    public Drain(IHostApplicationLifetime lifetime, IOptions<ServerOptions> options, TimeProvider time)
    {
        _over = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        var limit = TimeSpan.FromSeconds(options.Value.DrainSeconds);
        _onStopping = lifetime.ApplicationStopping.Register(() => _over.CancelAfter(limit));
    }

    /// <summary>Cancelled when the time to end is over.</summary>
    public CancellationToken Over => _over.Token;

    public void Dispose()
    {
        _onStopping.Dispose();
        _over.Dispose();
    }
}
