using Cottention.Inference;
using Cottention.Server.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Cottention.Server.Tests.Hosting;

public sealed class ServingTests
{
    private readonly ApplicationLifetime _lifetime = new(NullLogger<ApplicationLifetime>.Instance);
    private readonly Serving _serving;
    private TimeSpan _sinceLastTick;

    public ServingTests() => _serving = new Serving(_lifetime, Options.Create(new ServerOptions { StallSeconds = 5 }));

    [Fact]
    public void State_NothingLoaded_IsLoadingAndCallsAreUnavailable()
    {
        Assert.Equal(ServingState.Loading, _serving.State);
        Assert.Equal(InferenceError.Unavailable, Assert.Throws<InferenceException>(_serving.Require).Error);
    }

    [Fact]
    public void State_StepThreadSilent_IsStalledUntilItTicksAgain()
    {
        _serving.Begin(Served());
        Assert.Equal(ServingState.Serving, _serving.State);

        _sinceLastTick = TimeSpan.FromSeconds(5.1);
        Assert.Equal(ServingState.Stalled, _serving.State);

        _sinceLastTick = TimeSpan.Zero;
        Assert.Equal(ServingState.Serving, _serving.State);
    }

    [Fact]
    public void State_Stopping_RefusesCallsButKeepsTheModel()
    {
        _serving.Begin(Served());

        _lifetime.StopApplication();

        Assert.Equal(ServingState.Stopping, _serving.State);
        Assert.Equal(InferenceError.Unavailable, Assert.Throws<InferenceException>(_serving.Require).Error);
        Assert.NotNull(_serving.Loaded);
    }

    // Only the time since the last tick is looked at here.
    private ServedModel Served() => new(null!, null!, 0, "", "", null!, () => _sinceLastTick, () => ValueTask.CompletedTask);
}
