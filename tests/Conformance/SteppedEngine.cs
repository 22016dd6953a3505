using Cottention.Inference.Engine;
using Cottention.Inference.Runners;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cottention.Conformance;

/// <summary>An engine whose step thread is the test, amid one long generation: for what a step costs.</summary>
public sealed class SteppedEngine : IAsyncDisposable
{
    private readonly TestEngine _source;
    private readonly InferenceEngine _engine;
    private readonly Generation _generation;

    /// <param name="create">Makes the runner for the sizes.</param>
    /// <param name="request">Of tokens; goes on without end.</param>
    /// <param name="drafts">Most tokens guessed.</param>
    public SteppedEngine(Func<EngineOptions, IModelRunner> create, GenerationRequest request, int drafts)
    {
        var options = new EngineOptions { MaxRunning = 2, SessionSlots = 2, TokenBudget = 32, DraftTokens = drafts, DraftCosts = DraftCosts.Flat };
        _source = new TestEngine();
        Metrics = new EngineMetrics("tiny");
        _engine = new InferenceEngine(_source.Model, create(options), options, Metrics, TimeProvider.System, NullLogger.Instance, start: false);
        _generation = new Generation(
            new Session(null, _source.Model.Config.VocabularySize), request with { MaxTokens = 1_000_000, IgnoreEos = true }, [.. request.PromptTokens!], // given
            _source.Model.Tokenizer, 4096, drained: null, drafts, _engine.DraftCosts);
        Assert.True(_engine.TrySubmit(_generation), "the engine takes no generation");
    }

    public EngineMetrics Metrics { get; }

    /// <summary>Runs steps. The queue has room for what some hundred of them release.</summary>
    public void Steps(int count)
    {
        for (var i = 0; i < count; i++)
            _engine.Step();
        Assert.False(_generation.Completion.Task.IsCompleted);
    }

    public async ValueTask DisposeAsync()
    {
        await _engine.DisposeAsync();
        Metrics.Dispose();
        await _source.DisposeAsync();
    }
}
