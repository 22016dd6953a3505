using Cottention.Inference.Model;
using Cottention.Inference.Runners;
using Cottention.Inference.Runners.Cpu;

namespace Cottention.Training.Evaluation;

/// <summary>The server's own CPU runner, fed through plans of one row.</summary>
internal sealed class CpuTokenStream : ITokenStream
{
    private const int Slot = 0;
    private const int MarkSlot = 1;

    private readonly CpuModelRunner _runner;
    private readonly StepPlan _plan;
    private long _position;
    private long _mark;

    /// <summary>A stream at position 0.</summary>
    /// <param name="checkpoint">The model; not needed afterwards.</param>
    /// <param name="weights">Format of the weights in memory.</param>
    /// <param name="threads">Threads that compute; 0 for all.</param>
    /// <param name="maxTokens">Most tokens of a call.</param>
    public CpuTokenStream(Checkpoint checkpoint, WeightFormat weights, int threads, int maxTokens)
    {
        // As many rows of logits as tokens.
        _runner = new CpuModelRunner(
            checkpoint, new CpuRunnerOptions { Weights = weights, Threads = threads, SlotCount = 2, MaxRows = maxTokens, MaxTokens = maxTokens });
        _plan = new StepPlan(1, maxTokens);
        Reset();
        Mark();
    }

    /// <inheritdoc/>
    public string Runner => "cpu";

    /// <inheritdoc/>
    public int VocabularySize => _runner.VocabularySize;

    /// <inheritdoc/>
    public int MaxTokens => _runner.MaxTokens;

    /// <inheritdoc/>
    public void Reset()
    {
        _runner.FillSlot(Slot, 0);
        _position = 0;
    }

    /// <inheritdoc/>
    public void Read(ReadOnlySpan<int> tokens, Span<float> logits)
    {
        _plan.Clear();
        _plan.Add(Slot, _position, tokens, logits.Length / VocabularySize);
        _runner.Run(_plan);
        for (var i = 0; i < _plan.LogitsCount; i++)
            _runner.Logits(i).CopyTo(logits[(i * VocabularySize)..]);
        _position += tokens.Length;
    }

    /// <inheritdoc/>
    public void Mark()
    {
        _runner.CopySlot(Slot, MarkSlot);
        _mark = _position;
    }

    /// <inheritdoc/>
    public void Return()
    {
        _runner.CopySlot(MarkSlot, Slot);
        _position = _mark;
    }

    /// <inheritdoc/>
    public void Dispose() => _runner.Dispose();
}
