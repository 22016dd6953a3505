using Cottention.Conformance;
using Cottention.Inference;
using Cottention.Inference.Runners;
using Cottention.Server.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cottention.Server.Tests.Hosting;

/// <summary>A start that is refused takes back what it made.</summary>
public sealed class ModelCompositionTests : IDisposable
{
    private readonly string _folder = ServerProcess.NewSessionFolder();

    private string Sessions => Path.Combine(_folder, "data", "sessions");

    [Fact]
    public void Load_RunnerRefuses_LeavesNothing()
    {
        var refusal = Assert.Throws<InferenceException>(() => Load(_ => throw new InferenceException(InferenceError.InvalidArgument, "no cuBLASLt library")));

        Assert.Equal("no cuBLASLt library", refusal.Message);
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void Load_TooLittleMemory_IsARefusal()
    {
        var refusal = Assert.Throws<InferenceException>(() => Load(_ => throw new InsufficientMemoryException("5 bytes of memory cannot be mapped.")));

        Assert.Equal((InferenceError.InvalidArgument, "there is too little memory for the model: 5 bytes of memory cannot be mapped."), (refusal.Error, refusal.Message));
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void Load_EngineRefusesTheRunner_DisposesIt()
    {
        WatchedRunner? made = null;

        Assert.Throws<ArgumentException>(() => Load(options => made = new WatchedRunner(options.Engine.TotalSlots - 1)));

        Assert.True(made!.IsDisposed, "the runner lives on"); // made above
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void Load_SlotsDoNotFit_IsRefusedBeforeARunnerIsMade()
    {
        var refusal = Assert.Throws<InferenceException>(() => Load(_ => throw new InvalidOperationException("made"), options => (options.StateBudgetMiB, options.Engine.SessionSlots) = (1, 1000)));

        Assert.Contains("allowed: at most", refusal.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Load(Func<ServerOptions, IModelRunner> make, Action<ServerOptions>? configure = null)
    {
        var options = new ServerOptions { Model = Fixtures.Path("tiny-model"), Sessions = Sessions, Device = "cpu", Threads = 1 };
        configure?.Invoke(options);
        ModelComposition.Load(options, NullLoggerFactory.Instance, TimeProvider.System, (_, _) => make(options));
    }

    /// <summary>Too small for the engine.</summary>
    private sealed class WatchedRunner(int slots) : RunnerDecorator(new NaiveModelRunner(TestEngine.Golden, slots, 64, 256))
    {
        public bool IsDisposed { get; private set; }

        public override void Dispose()
        {
            IsDisposed = true;
            base.Dispose();
        }
    }
}
