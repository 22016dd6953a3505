using Cottention.Inference;
using Microsoft.Extensions.Options;

namespace Cottention.Server.Hosting;

/// <summary>Whether calls can be served, and by what. Thread-safe.</summary>
internal sealed class Serving
{
    private readonly IHostApplicationLifetime _lifetime;
    private readonly TimeSpan _stallLimit;
    private volatile ServedModel? _served;

    public Serving(IHostApplicationLifetime lifetime, IOptions<ServerOptions> options)
    {
        _lifetime = lifetime;
        _stallLimit = TimeSpan.FromSeconds(options.Value.StallSeconds);
    }

    /// <summary>Where the server is in its life.</summary>
    public ServingState State => _lifetime.ApplicationStopping.IsCancellationRequested ? ServingState.Stopping
        : _served is not { } served ? ServingState.Loading
        : served.SinceLastTick() > _stallLimit ? ServingState.Stalled
        : ServingState.Serving;

    /// <summary>The model, also when the server is stopping or stalled; null while it is loading.</summary>
    public ServedModel? Loaded => _served;

    /// <summary>The model, or <see cref="InferenceError.Unavailable"/> while it is loading and when the server is stopping.</summary>
    public ServedModel Require() => (State, _served) switch
    {
        (ServingState.Loading, _) or (_, null) => throw new InferenceException(InferenceError.Unavailable, "the model is loading; try again soon"),
        (ServingState.Stopping, _) => throw new InferenceException(InferenceError.Unavailable, "the server is stopping"),
        (_, var served) => served,
    };

    /// <summary>From now on this model is served.</summary>
    public void Begin(ServedModel served) => _served = served;
}
