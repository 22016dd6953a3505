using Cottention.Inference.Engine;
using Cottention.Inference.Model;
using Cottention.Inference.Runners;
using Cottention.Inference.Runners.Cpu;
using Cottention.Inference.Sessions;
using Cottention.Inference.Tokenization;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cottention.Conformance;

/// <summary>An engine on the tiny model with freed slots poisoned; by default on the CPU runner, one thread.</summary>
public sealed class TestEngine : IAsyncDisposable
{
    private readonly string _folder;
    private readonly FileSessionStore _store;
    private readonly Func<EngineOptions, IModelRunner>? _create;

    /// <param name="configure">Changes the sizes.</param>
    /// <param name="naive">Whether to use the naive runner, which can be made to fail.</param>
    /// <param name="create">Makes another runner for the sizes.</param>
    public TestEngine(Action<EngineOptions>? configure = null, bool naive = false, Func<EngineOptions, IModelRunner>? create = null)
        : this(Path.Combine(Path.GetTempPath(), "cottention-" + Guid.NewGuid().ToString("N")), configure, naive, create)
    {
    }

    private TestEngine(string folder, Action<EngineOptions>? configure, bool naive, Func<EngineOptions, IModelRunner>? create)
    {
        _folder = folder;
        _create = create;
        Options = new EngineOptions { MaxRunning = 8, SessionSlots = 8, TokenBudget = 64, PrefillChunk = 16, PoisonFreeSlots = true, DraftTokens = 0, DraftCosts = DraftCosts.Flat };
        configure?.Invoke(Options);
        var config = Golden.Config with { EosTokenId = 299, BosTokenId = 299 };
        Model = new LoadedModel("tiny", config, TextTokenizer.Load(Fixtures.Path("tiny-model"), config), new string('a', 64));
        IModelRunner runner = naive
            ? Naive = new NaiveModelRunner(Golden, Options.TotalSlots, Options.TotalRows, Options.TokenBudget)
            : (create ?? NewCpuRunner)(Options);
        Metrics = new EngineMetrics(Model.Name);
        Engine = new InferenceEngine(Model, runner, Options, Metrics, TimeProvider.System, NullLogger<InferenceEngine>.Instance);
        _store = new FileSessionStore(_folder, NullLogger<FileSessionStore>.Instance);
        Host = new LocalSessionHost(Engine, _store, TimeProvider.System, NullLogger<LocalSessionHost>.Instance);
    }

    public static GoldenModel Golden { get; } = GoldenModel.Open("tiny");

    public EngineOptions Options { get; }

    public LoadedModel Model { get; }

    public EngineMetrics Metrics { get; }

    /// <summary>The naive runner, if asked for.</summary>
    public NaiveModelRunner? Naive { get; }

    public InferenceEngine Engine { get; }

    public LocalSessionHost Host { get; }

    public ISessionStore Store => _store;

    /// <summary>The tiny model on the CPU runner, one thread.</summary>
    public static CpuModelRunner NewCpuRunner(EngineOptions options) => NewCpuRunner(options, options.ProvisionalRows);

    /// <summary>The tiny model on the CPU runner, one thread, drawing tokens as a device would and running ahead.</summary>
    public static DrawingRunner NewAheadRunner(EngineOptions options, double undecided = 0) =>
        new(NewCpuRunner(options, options.TotalRows), undecided, runsAhead: true);

    /// <summary>What an engine of these sizes asks of its runner.</summary>
    public static RunnerSizes SizesOf(EngineOptions options) => new()
    {
        SlotCount = options.TotalSlots,
        MaxRows = options.TotalRows,
        MaxTokens = options.TokenBudget,
        MaxProvisionalRows = options.ProvisionalRows,
        MaxProvisionalTokens = options.ProvisionalTokens,
    };

    /// <summary>All events of one generation.</summary>
    public async Task<List<TokenEvent>> RunAsync(GenerationRequest request, CancellationToken cancellationToken = default)
    {
        var events = new List<TokenEvent>();
        await foreach (var token in Host.GenerateAsync(request, cancellationToken))
            events.Add(token);
        return events;
    }

    /// <summary>A new engine on the same store, by default on a runner of the same kind.</summary>
    public async Task<TestEngine> RestartAsync(Action<EngineOptions>? configure = null, Func<EngineOptions, IModelRunner>? create = null)
    {
        await StopAsync();
        return new TestEngine(_folder, configure, naive: false, create ?? _create);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static CpuModelRunner NewCpuRunner(EngineOptions options, int provisionalRows)
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Path("tiny-model"));
        return new CpuModelRunner(checkpoint, new CpuRunnerOptions(SizesOf(options) with { MaxProvisionalRows = provisionalRows }) { Threads = 1 });
    }

    private async Task StopAsync()
    {
        await Engine.DisposeAsync();
        _store.Dispose();
        Metrics.Dispose();
    }
}

/// <summary>Short ways to look at events.</summary>
public static class TokenEvents
{
    public static string Text(this IEnumerable<TokenEvent> events) => string.Concat(events.Select(e => e.Text));

    public static int[] Tokens(this IEnumerable<TokenEvent> events) => [.. events.Where(e => e.TokenId is not null).Select(e => e.TokenId!.Value)];
}
