using Cottention.Inference.Model;
using Cottention.Inference.Runners.Cpu.Kernels;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cottention.Inference.Runners.Cpu;

/// <summary>
/// Runs a model on the CPU in pure C#. Weights are packed at construction, states live in one arena; a step neither
/// allocates nor grows. See README.md in this folder for memory layout, threads and the order of sums.
/// </summary>
public sealed unsafe class CpuModelRunner : IModelRunner
{
    private readonly WorkerPool _pool;
    private readonly CpuModelWeights _weights;
    private readonly StateArena _arena;
    private readonly TailArena _tails;
    private readonly CpuModelStep _step;

    // [MaxRows, N] f32, of which the last plan that wanted any wrote _logitsCount rows.
    private readonly NativeBuffer _logits;

    private readonly PlanRules _rules;
    private bool _disposed;

    /// <summary>Packs a checkpoint's weights and takes all memory. The checkpoint is not needed afterwards.</summary>
    /// <exception cref="InferenceException">
    /// <see cref="InferenceError.InvalidModel"/>: a weight is not finite. <see cref="InferenceError.InvalidArgument"/>: the
    /// machine lacks the kernels asked for.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">A size in <paramref name="options"/> is out of range.</exception>
    /// <param name="checkpoint">The weights.</param>
    /// <param name="options">Sizes and choices.</param>
    /// <param name="logger">Hears how the loading goes. Default: nobody.</param>
    /// <param name="time">Clock of the loading. Default: the system's.</param>
    public CpuModelRunner(Checkpoint checkpoint, CpuRunnerOptions options, ILogger<CpuModelRunner>? logger = null, TimeProvider? time = null)
        : this(checkpoint.Config, checkpoint.ReadRows, WeightFormats.Of(checkpoint), options, checkpoint.WeightBytes, logger, time)
    {
    }

    internal CpuModelRunner(
        ModelConfig config, WeightRowReader read, WeightFormat stored, CpuRunnerOptions options, long storedBytes = 0, ILogger? logger = null, TimeProvider? time = null)
    {
        logger ??= NullLogger.Instance;
        options.Check();
        var kernels = CpuKernelSet.Choose(options.Kernels);
        var format = options.Weights == WeightFormat.Auto ? stored : options.Weights;
        Weights = format;
        StateLayout = StateLayout.Of(config);
        VocabularySize = config.VocabularySize;
        MaxRows = options.MaxRows;
        MaxTokens = options.MaxTokens;
        _pool = new WorkerPool(options.Threads == 0 ? Environment.ProcessorCount : options.Threads);
        CpuRunnerLog.Packing(logger, config.ParameterCount, storedBytes / (double)(1 << 20), format, _pool.Threads);
        var progress = new LoadProgress(
            read, config.ParameterCount, (percent, seconds) => CpuRunnerLog.Progress(logger, percent, seconds), time ?? TimeProvider.System);
        try
        {
            _weights = new CpuModelLoader(config, progress.Read, format, _pool).Load();
        }
        catch
        {
            _pool.Dispose();
            throw;
        }

        CpuRunnerLog.Packed(logger, progress.Elapsed.TotalSeconds);
        _arena = new StateArena(StateLayout, options.SlotCount);
        _tails = new TailArena(_arena, kernels, options.MaxProvisionalRows, options.MaxProvisionalTokens, _pool.Threads);
        _rules = new PlanRules(this);
        _step = new CpuModelStep(config, _weights, kernels, _arena, _tails, _pool, MaxRows, MaxTokens);
        _logits = NativeBuffer.OfFloats((long)MaxRows * VocabularySize);
        Description = $"{kernels.Name} kernels, {format.Name()} weights, {_pool.Threads} threads";
    }

    /// <inheritdoc/>
    public string Device => "cpu";

    /// <inheritdoc/>
    public string Description { get; }

    /// <summary>Format of the weights in memory.</summary>
    public WeightFormat Weights { get; }

    /// <inheritdoc/>
    public StateLayout StateLayout { get; }

    /// <inheritdoc/>
    public int VocabularySize { get; }

    /// <inheritdoc/>
    public int SlotCount => _arena.SlotCount;

    /// <inheritdoc/>
    public int MaxRows { get; }

    /// <inheritdoc/>
    public int MaxTokens { get; }

    /// <inheritdoc/>
    public int MaxProvisionalRows => _tails.TailCount;

    /// <inheritdoc/>
    public int MaxProvisionalTokens => _tails.MaxTokens;

    /// <summary>False: the sampler on the same processor is as near.</summary>
    public bool DrawsTokens => false;

    /// <summary>
    /// The hash by which a session knows its weights again: the checkpoint's, or one of it and the format where the weights
    /// in memory are not the checkpoint's own, since rounded weights give another text.
    /// </summary>
    public string FingerprintOf(Checkpoint checkpoint) => Weights.FingerprintOf(checkpoint);

    /// <summary>What it has taken, as <see cref="CpuRunnerMemory"/> foretells.</summary>
    internal RunnerMemory Memory => new(_weights.Bytes, _arena.Bytes / SlotCount, _tails.Bytes + _step.Bytes + _logits.Bytes);

    /// <summary>Bytes of weights that each step reads, whatever the number of rows.</summary>
    internal long WeightBytesPerStep => _weights.BytesPerToken;

    /// <summary>False: the processor is busy with one step.</summary>
    public bool RunsAhead => false;

    /// <summary>Runs the plan; nothing is left to wait for.</summary>
    public void Begin(StepPlan plan)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _rules.Check(plan);
        if (plan.RowCount == 0)
            return;
        _rules.Begun(plan);
        _tails.Prepare(plan);
        _step.Run(plan, _logits.Floats);
        _tails.Complete(plan);
    }

    /// <inheritdoc/>
    public void End() => _rules.Ended();

    /// <inheritdoc/>
    public ReadOnlySpan<float> Logits(int index)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _rules.CheckLogits(index);
        return new ReadOnlySpan<float>(_logits.Floats + ((long)index * VocabularySize), VocabularySize);
    }

    /// <inheritdoc/>
    public int Drawn(int index) => -1;

    /// <inheritdoc/>
    public void Commit(int slot, int count) => _tails.Commit(slot, count);

    /// <inheritdoc/>
    public void FillSlot(int slot, float value)
    {
        _arena.Fill(slot, value);
        _tails.Drop(slot);
    }

    /// <inheritdoc/>
    public void CopySlot(int source, int destination)
    {
        _tails.Fold(source);
        _arena.Copy(source, destination);
        _tails.Drop(destination);
    }

    /// <summary>Folds the slot's tail, so that its state stands still; any number of reads may be under way.</summary>
    public int BeginReadSlot(int slot)
    {
        _tails.Fold(slot);
        return slot;
    }

    /// <inheritdoc/>
    public void EndReadSlot(int read, Span<float> state)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(state.Length, StateLayout.ElementCount, nameof(state));
        _arena.Read(read, state);
    }

    /// <inheritdoc/>
    public void WriteSlot(int slot, ReadOnlySpan<float> state)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(state.Length, StateLayout.ElementCount, nameof(state));
        _arena.Write(slot, state);
        _tails.Drop(slot);
    }

    /// <summary>Ends the threads and frees weights and states. No other member may run, nor be called afterwards.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _pool.Dispose();
        _step.Dispose();
        _logits.Dispose();
        _tails.Dispose();
        _arena.Dispose();
        _weights.Dispose();
    }
}
