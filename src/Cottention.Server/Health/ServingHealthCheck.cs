using Cottention.Server.Hosting;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Cottention.Server.Health;

/// <summary>Healthy only while calls are served. The source of grpc.health.v1; asked every second, it also logs each change.</summary>
internal sealed class ServingHealthCheck(Serving serving, ILogger<ServingHealthCheck> logger) : IHealthCheck
{
    private int _lastLogged = -1;

    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var state = serving.State;
        if (Interlocked.Exchange(ref _lastLogged, (int)state) != (int)state)
            ServerLog.StateChanged(logger, state == ServingState.Stalled ? LogLevel.Error : LogLevel.Information, state);
        return Task.FromResult(state == ServingState.Serving
            ? HealthCheckResult.Healthy(nameof(ServingState.Serving))
            : HealthCheckResult.Unhealthy(state.ToString()));
    }
}
