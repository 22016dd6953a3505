using Cottention.Inference;
using Microsoft.Extensions.Options;

namespace Cottention.Server.Hosting;

/// <summary>
/// Loads the model once the ports are open, so that health answers from the first moment, and closes it after the last call.
/// A model that cannot be loaded is one line on stderr and the end of the server.
/// </summary>
internal sealed class ModelLoader(
    IOptions<ServerOptions> options,
    Serving serving,
    Listeners listeners,
    IHostApplicationLifetime lifetime,
    ILoggerFactory loggers,
    TimeProvider time) : BackgroundService
{
    private readonly ILogger _logger = loggers.CreateLogger<ModelLoader>();

    /// <summary>Whether the model could not be loaded.</summary>
    public bool Failed { get; private set; }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (serving.Loaded is { } served)
            await served.Close();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Started(stoppingToken);
        try
        {
            ServerLog.Listening(_logger, listeners.GrpcAddress, listeners.HttpAddress);
            var began = time.GetTimestamp();
            // Loading cannot be broken off; a server that is told to stop amid it does not wait for it.
            var served = await Task.Run(() => ModelComposition.Load(options.Value, loggers, time), CancellationToken.None).WaitAsync(stoppingToken);
            serving.Begin(served);
            StartReport.Print(Console.Out, served, options.Value, listeners, time.GetElapsedTime(began));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
        catch (InferenceException refusal)
        {
            await FailAsync(refusal.Message);
        }
        catch (Exception e)
        {
            // The edge of start-up: nothing above could do more than this.
            ServerLog.LoadFailed(_logger, e);
            await FailAsync($"the model could not be loaded: {e.Message}");
        }
    }

    private async Task FailAsync(string reason)
    {
        Failed = true;
        await Console.Error.WriteLineAsync($"error: {reason.ReplaceLineEndings(" ")}");
        lifetime.StopApplication();
    }

    private async Task Started(CancellationToken stoppingToken)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var onStart = lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(stoppingToken);
    }
}
