using Cottention.Cuda.Native;
using Cottention.Inference;
using Cottention.Inference.Model;
using Cottention.Inference.Runners;
using Cottention.Inference.Runners.Cpu;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cottention.Cuda;

/// <summary>
/// Runs a model on one GPU through the native library's engine: weights, states and logits stay on the device, tokens are drawn
/// there, and a step sends a small plan and brings back token ids. A step neither allocates nor grows. See README.md.
/// </summary>
public sealed unsafe class CudaModelRunner : IModelRunner
{
    private readonly EngineHandle _engine;
    private readonly CudaStep _step;
    private readonly CudaStepResult _result;
    private readonly PlanRules _rules;

    /// <summary>Loads a checkpoint's weights onto the device and takes all memory there. The checkpoint is not needed afterwards.</summary>
    /// <exception cref="InferenceException">
    /// <see cref="InferenceError.InvalidModel"/>: a weight is not finite, or the device's kernels do not take the model's shape.
    /// <see cref="InferenceError.InvalidArgument"/>: no library, no such device, not enough of its memory, or a format of weights that
    /// it does not compute with.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">A size in <paramref name="options"/> is out of range.</exception>
    /// <param name="checkpoint">The weights.</param>
    /// <param name="options">Sizes and choices.</param>
    /// <param name="logger">Hears how the loading goes. Default: nobody.</param>
    /// <param name="time">Clock of the loading. Default: the system's.</param>
    public CudaModelRunner(Checkpoint checkpoint, CudaRunnerOptions options, ILogger<CudaModelRunner>? logger = null, TimeProvider? time = null)
        : this(checkpoint.Config, checkpoint.ReadRows, WeightFormats.Of(checkpoint), options, logger, time)
    {
    }

    internal CudaModelRunner(
        ModelConfig config, WeightRowReader read, WeightFormat stored, CudaRunnerOptions options, ILogger? logger = null, TimeProvider? time = null)
    {
        options.Check();
        Weights = CudaEngineFactory.Choose(options.Weights, stored);
        var device = CudaEngineFactory.Require(options.Device, CudaDevices.Find());
        (Device, Description) = (device.Id, $"{device}, {Weights.Name()} weights");
        StateLayout = StateLayout.Of(config);
        VocabularySize = config.VocabularySize;
        SlotCount = options.SlotCount;
        (MaxRows, MaxTokens) = (options.MaxRows, options.MaxTokens);
        (MaxProvisionalRows, MaxProvisionalTokens) = (options.MaxProvisionalRows, options.MaxProvisionalTokens);
        _rules = new PlanRules(this);
        _engine = CudaEngineFactory.Create(config, read, Weights, options, device, logger ?? NullLogger.Instance, time ?? TimeProvider.System);
        _step = new CudaStep(_engine, MaxRows);
        _result = new CudaStepResult(_engine, MaxRows, VocabularySize);
    }

    /// <inheritdoc/>
    public string Device { get; }

    /// <inheritdoc/>
    public string Description { get; }

    /// <summary>Format of the weights on the device.</summary>
    public WeightFormat Weights { get; }

    /// <inheritdoc/>
    public StateLayout StateLayout { get; }

    /// <inheritdoc/>
    public int VocabularySize { get; }

    /// <inheritdoc/>
    public int SlotCount { get; }

    /// <inheritdoc/>
    public int MaxRows { get; }

    /// <inheritdoc/>
    public int MaxTokens { get; }

    /// <inheritdoc/>
    public int MaxProvisionalRows { get; }

    /// <inheritdoc/>
    public int MaxProvisionalTokens { get; }

    /// <summary>True: most tokens are drawn on the device, so that logits stay there.</summary>
    public bool DrawsTokens => true;

    /// <summary>
    /// The hash by which a session knows its weights again; that of a <see cref="CpuModelRunner"/> with the same format, so that a
    /// session can go on there.
    /// </summary>
    public string FingerprintOf(Checkpoint checkpoint) => Weights.FingerprintOf(checkpoint);

    /// <summary>True: the device takes the next step while it is busy with one.</summary>
    public bool RunsAhead => true;

    /// <inheritdoc/>
    public void Begin(StepPlan plan)
    {
        ObjectDisposedException.ThrowIf(_engine.IsClosed, this);
        _rules.Check(plan);
        if (plan.RowCount == 0)
            return;
        _step.Begin(plan);
        _rules.Begun(plan);
    }

    /// <inheritdoc/>
    public void End()
    {
        _rules.Ended();
        _result.End(_rules.EndedLogits);
    }

    /// <inheritdoc/>
    public ReadOnlySpan<float> Logits(int index)
    {
        _rules.CheckLogits(index);
        return _result.Logits(index);
    }

    /// <inheritdoc/>
    public int Drawn(int index)
    {
        _rules.CheckLogits(index);
        return _result.Drawn(index);
    }

    /// <inheritdoc/>
    public void Commit(int slot, int count)
    {
        CheckSlot(slot);
        var status = NativeMethods.Commit(_engine, slot, count);
        // The engine alone knows how many tokens are left to commit.
        if (status == NativeStatusCode.InvalidArgument)
            throw new ArgumentOutOfRangeException(nameof(count), count, NativeStatus.LastMessage());
        NativeStatus.Check(status);
    }

    /// <inheritdoc/>
    public void FillSlot(int slot, float value)
    {
        CheckSlot(slot);
        NativeStatus.Check(NativeMethods.FillSlot(_engine, slot, value));
    }

    /// <inheritdoc/>
    public void CopySlot(int source, int destination)
    {
        CheckSlot(source);
        CheckSlot(destination);
        NativeStatus.Check(NativeMethods.CopySlot(_engine, source, destination));
    }

    /// <inheritdoc/>
    public int BeginReadSlot(int slot)
    {
        CheckSlot(slot);
        NativeStatus.Check(NativeMethods.BeginReadSlot(_engine, slot, out var read));
        return read;
    }

    /// <inheritdoc/>
    public void EndReadSlot(int read, Span<float> state)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(state.Length, StateLayout.ElementCount, nameof(state));
        fixed (float* values = state)
            NativeStatus.Check(NativeMethods.EndReadSlot(_engine, read, values));
    }

    /// <inheritdoc/>
    public void WriteSlot(int slot, ReadOnlySpan<float> state)
    {
        CheckSlot(slot);
        ArgumentOutOfRangeException.ThrowIfNotEqual(state.Length, StateLayout.ElementCount, nameof(state));
        fixed (float* values = state)
            NativeStatus.Check(NativeMethods.WriteSlot(_engine, slot, values));
    }

    /// <summary>Frees all memory of the device. No other member may run, nor be called afterwards.</summary>
    public void Dispose() => _engine.Dispose();

    private void CheckSlot(int slot) =>
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)slot, (uint)SlotCount, nameof(slot));
}
