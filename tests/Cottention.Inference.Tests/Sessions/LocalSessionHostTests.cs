using Cottention.Conformance;
using Cottention.Inference.Engine;
using Cottention.Inference.Sessions;

namespace Cottention.Inference.Tests.Sessions;

public sealed class LocalSessionHostTests : SessionHostConformance
{
    private TestEngine? _test;

    protected override Task<ISessionHost> OpenAsync()
    {
        _test = new TestEngine(Sizes);
        return Task.FromResult<ISessionHost>(_test.Host);
    }

    protected override async Task<ISessionHost> ReopenAsync()
    {
        _test = await _test!.RestartAsync(Sizes); // not null: opened before
        return _test.Host;
    }

    public override async Task DisposeAsync() => await _test!.DisposeAsync(); // not null: opened before

    private static void Sizes(EngineOptions options) => options.SessionSlots = options.MaxRunning = 4;
}
