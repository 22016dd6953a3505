using System.Diagnostics;
using System.Globalization;
using Cottention.Inference;
using Cottention.Inference.Engine;
using Cottention.Inference.Model;
using Cottention.Inference.Runners.Cpu;
using Cottention.Inference.Tokenization;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cottention.Cli.Bench;

/// <summary>
/// A model ready to be measured: its runner, and an engine around that runner whose step thread is the caller. The two take
/// turns: a generation of the engine zeroes the slots it takes, and bare steps do not care what their slots held.
/// </summary>
internal sealed class BenchedModel : IAsyncDisposable
{
    private readonly EngineMetrics _metrics;

    private BenchedModel(LoadedModel model, CpuModelRunner runner, EngineOptions options)
    {
        Runner = runner;
        _metrics = new EngineMetrics(model.Name);
        Engine = new InferenceEngine(model, runner, options, _metrics, TimeProvider.System, NullLogger.Instance, start: false);
    }

    /// <summary>The bare runner. Slots for the largest batch.</summary>
    public CpuModelRunner Runner { get; }

    /// <summary>The engine around it.</summary>
    public InferenceEngine Engine { get; }

    /// <summary>From nothing to a model that can be served.</summary>
    public TimeSpan LoadTime { get; private init; }

    /// <summary>Loads a model's folder, or makes random weights.</summary>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidModel"/>, or <see cref="InferenceError.InvalidArgument"/>: kernels or memory that the machine lacks.</exception>
    public static BenchedModel Load(BenchOptions options, CancellationToken cancellation)
    {
        var largestBatch = options.Batches.Max();
        // A step is to be one token of each row: random weights soon repeat themselves, and drafts would pass for speed.
        var engine = new EngineOptions { MaxRunning = largestBatch, SessionSlots = largestBatch, TokenBudget = Math.Max(largestBatch, options.Prefill), DraftTokens = 0 };
        return options.ModelFolder is { } folder ? OfFolder(folder, options, engine) : OfRandomWeights(options, engine, cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        // The runner with it.
        await Engine.DisposeAsync();
        _metrics.Dispose();
    }

    private static BenchedModel OfFolder(string folder, BenchOptions options, EngineOptions engine)
    {
        var start = Stopwatch.GetTimestamp();
        using var checkpoint = Checkpoint.Open(folder);
        checkpoint.BeginFingerprint();
        RequireMemory(checkpoint.Config, engine);
        var tokenizer = TextTokenizer.Load(folder, checkpoint.Config);
        var runner = new CpuModelRunner(checkpoint, RunnerOptions(options, engine));
        var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        var model = new LoadedModel(name, checkpoint.Config, tokenizer, checkpoint.Fingerprint);
        return new BenchedModel(model, runner, engine) { LoadTime = Stopwatch.GetElapsedTime(start) };
    }

    private static BenchedModel OfRandomWeights(BenchOptions options, EngineOptions engine, CancellationToken cancellation)
    {
        RequireMemory(options.Shape, engine);
        var start = Stopwatch.GetTimestamp();
        var runner = new CpuModelRunner(options.Shape, ReadRows, WeightFormat.Bf16, RunnerOptions(options, engine));
        var time = Stopwatch.GetElapsedTime(start);
        return new BenchedModel(new LoadedModel($"random {options.ShapeName}", options.Shape, Tokenizer(options.Shape), ""), runner, engine) { LoadTime = time };

        void ReadRows(string tensor, int firstRow, int rowCount, Span<float> values)
        {
            cancellation.ThrowIfCancellationRequested();
            RandomModel.ReadRows(tensor, firstRow, rowCount, values);
        }
    }

    // A real vocabulary where one fits, so that the sampler looks at as many live tokens as it would.
    private static TextTokenizer Tokenizer(ModelConfig config) => config.VocabularySize >= Gpt2Vocabulary.Size
        ? new TextTokenizer(Gpt2Vocabulary.Load(config.VocabularySize), null, null)
        : TextTokenizer.OfBytes(config);

    private static CpuRunnerOptions RunnerOptions(BenchOptions options, EngineOptions engine) => new()
    {
        Threads = options.Threads,
        Kernels = options.Kernels,
        Weights = options.Weights,
        SlotCount = engine.TotalSlots,
        MaxRows = engine.MaxRunning,
        MaxTokens = engine.TokenBudget,
    };

    private static void RequireMemory(ModelConfig config, EngineOptions engine)
    {
        var (needed, available) = (engine.TotalSlots * StateLayout.Of(config).Bytes, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        if (needed > available)
            throw new InferenceException(InferenceError.InvalidArgument, string.Create(CultureInfo.InvariantCulture,
                $"--batch {engine.MaxRunning} needs {Sizes.Text(needed)} of states; allowed: up to the memory of this machine, {Sizes.Text(available)}"));
    }
}
