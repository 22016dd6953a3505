using System.Runtime.InteropServices;
using Cottention.Inference;
using Cottention.Inference.Model;
using Cottention.Inference.Runners;
using Cottention.Inference.Runners.Cpu;
using static TorchSharp.torch;

namespace Cottention.Torch.Runners;

/// <summary>
/// Runs a model with TorchSharp, on the CPU or on a CUDA device: the second implementation of <see cref="IModelRunner"/>, for devices
/// and for comparison. It takes no provisional rows. A step makes managed objects (one a torch operation) and frees all of them, and
/// all native memory, before it returns. See README.md in the folder above.
/// </summary>
public sealed class TorchModelRunner : IModelRunner
{
    // Rows of every product. More would cost a lone token more and a prompt less.
    private const int ProductRowsOnCpu = 8;
    private const int ProductRowsOnCuda = 64;

    private readonly TorchModelWeights _weights;
    private readonly IRecurrence _recurrence;
    private readonly PlanTensors _plan;
    private readonly TorchModelStep _step;

    // [slots, L, H, V, K] f32, and on the host [MaxRows, N] f32.
    private readonly Tensor _states;
    private readonly Tensor _logits;

    // A state on its way out, on the host [L, H, V, K] f32.
    private readonly Tensor _read;
    private readonly PlanRules _rules;
    private readonly int _threads;
    private volatile bool _isReading;
    private bool _disposed;

    /// <summary>Places a checkpoint's weights on the device and takes the memory of the states. The checkpoint is not needed afterwards.</summary>
    /// <exception cref="InferenceException">
    /// <see cref="InferenceError.InvalidModel"/>: a weight is not finite. <see cref="InferenceError.InvalidArgument"/>: there is no such
    /// device, the weights are to be integers, the native library is not this program's, or libtorch cannot be loaded or has too little memory.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">A size in <paramref name="options"/> is out of range.</exception>
    /// <param name="checkpoint">The weights.</param>
    /// <param name="options">Sizes and choices.</param>
    public TorchModelRunner(Checkpoint checkpoint, TorchRunnerOptions options)
        : this(checkpoint.Config, checkpoint.ReadRows, WeightFormats.Of(checkpoint), options)
    {
    }

    internal TorchModelRunner(ModelConfig config, WeightRowReader read, WeightFormat stored, TorchRunnerOptions options)
    {
        options.Check();
        Weights = TorchDevices.FormatOf(stored, options.Weights);
        var device = TorchFault.Mapped(() => TorchDevices.Find(options.Device));
        Device = device.type == TorchSharp.DeviceType.CPU ? "cpu" : $"cuda:{device.index}";
        StateLayout = StateLayout.Of(config);
        VocabularySize = config.VocabularySize;
        (SlotCount, MaxRows, MaxTokens) = (options.SlotCount, options.MaxRows, options.MaxTokens);
        _rules = new PlanRules(this);
        _threads = options.Threads == 0 ? Environment.ProcessorCount : options.Threads;

        try
        {
            _states = zeros([SlotCount, config.LayerCount, config.HeadCount, config.HeadDim, config.HeadDim], dtype: ScalarType.Float32, device: device);
            _logits = zeros(MaxRows, VocabularySize);
            _read = zeros(config.LayerCount, config.HeadCount, config.HeadDim, config.HeadDim);
            var productRows = Device == "cpu" ? ProductRowsOnCpu : ProductRowsOnCuda;
            _weights = new TorchModelWeights(config, read, Weights, device, productRows);
            double[][] sigmas = [.. _weights.Layers.Select(layer => layer.Sigmas)];
            _recurrence = NewRecurrence(config, sigmas, options.NativeLibrary, device);
            _plan = new PlanTensors(config, sigmas, options, productRows, _recurrence.ByTime, device);
            _step = new TorchModelStep(config, _weights, _recurrence, _plan, device);
        }
        catch (Exception e)
        {
            Dispose();
            if (TorchFault.Of(e) is { } refusal)
                throw refusal;
            throw;
        }

        Description = $"libtorch, {Weights.Name()} weights as f32, {(Device == "cpu" ? $"{_threads} threads, " : "")}recurrence by {_recurrence.Name}";
    }

    /// <summary>Whether libtorch sees a CUDA device, which a runner then takes by default.</summary>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidArgument"/>: libtorch cannot be used.</exception>
    public static bool SeesCuda => TorchFault.Mapped(() => TorchDevices.CudaCount > 0);

    /// <inheritdoc/>
    public string Device { get; }

    /// <inheritdoc/>
    public string Description { get; }

    /// <summary>Whose values the weights have: F32 or BF16.</summary>
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
    public int MaxProvisionalRows => 0;

    /// <inheritdoc/>
    public int MaxProvisionalTokens => 1;

    /// <inheritdoc/>
    public bool DrawsTokens => false;

    /// <summary>The hash by which a session knows its weights again: that of a CPU runner with the same format, so sessions go on here and there.</summary>
    public string FingerprintOf(Checkpoint checkpoint) => Weights.FingerprintOf(checkpoint);

    /// <summary>False: a step is over when it has begun.</summary>
    public bool RunsAhead => false;

    /// <summary>Runs the plan; nothing is left to wait for.</summary>
    public void Begin(StepPlan plan)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _rules.Check(plan);
        if (plan.RowCount == 0)
            return;
        // libtorch keeps its number of threads for each thread that calls it, and another runner may have set it.
        if (get_num_threads() != _threads)
            set_num_threads(_threads);
        using var inference = inference_mode();
        using var scope = NewDisposeScope();
        _plan.Fill(plan);
        var hidden = _step.Hidden(_states);
        if (plan.LogitsCount > 0)
            _logits.narrow(0, 0, plan.LogitsCount).copy_(_step.Logits(hidden, plan.LogitsCount));
        _rules.Begun(plan);
    }

    /// <inheritdoc/>
    public void End() => _rules.Ended();

    /// <inheritdoc/>
    public ReadOnlySpan<float> Logits(int index)
    {
        _rules.CheckLogits(index);
        using var row = _logits[index];
        return MemoryMarshal.Cast<byte, float>(row.bytes);
    }

    /// <inheritdoc/>
    public int Drawn(int index)
    {
        _rules.CheckLogits(index);
        return -1;
    }

    /// <summary>Does nothing, since there are no provisional rows.</summary>
    public void Commit(int slot, int count)
    {
        CheckSlot(slot);
        ArgumentOutOfRangeException.ThrowIfNotEqual(count, 0);
    }

    /// <inheritdoc/>
    public void FillSlot(int slot, float value)
    {
        using var state = Slot(slot);
        state.fill_(value);
    }

    /// <inheritdoc/>
    public void CopySlot(int source, int destination)
    {
        using var from = Slot(source);
        using var to = Slot(destination);
        to.copy_(from);
    }

    /// <summary>Copies the slot to the host; one read is under way at a time.</summary>
    public int BeginReadSlot(int slot)
    {
        using var state = Slot(slot);
        if (_isReading)
            return -1;
        _read.copy_(state);
        _isReading = true;
        return 0;
    }

    /// <inheritdoc/>
    public void EndReadSlot(int read, Span<float> state)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(read, 0);
        ArgumentOutOfRangeException.ThrowIfNotEqual(state.Length, StateLayout.ElementCount, nameof(state));
        MemoryMarshal.Cast<byte, float>(_read.bytes).CopyTo(state);
        _isReading = false;
    }

    /// <inheritdoc/>
    public void WriteSlot(int slot, ReadOnlySpan<float> state)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(state.Length, StateLayout.ElementCount, nameof(state));
        using var scope = NewDisposeScope();
        var to = Slot(slot);
        var host = Device == "cpu" ? to : empty(to.shape);
        state.CopyTo(MemoryMarshal.Cast<byte, float>(host.bytes));
        if (Device != "cpu")
            to.copy_(host);
    }

    /// <summary>Frees weights and states. No other member may run, nor be called afterwards.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        // Some are null where the construction failed.
        _states?.Dispose();
        _logits?.Dispose();
        _read?.Dispose();
        _plan?.Dispose();
        _recurrence?.Dispose();
        _weights?.Dispose();
    }

    // A launch goes to the thread's current device, which libtorch leaves at the first one whatever its tensors lie on.
    private static IRecurrence NewRecurrence(ModelConfig config, double[][] sigmas, string? library, Device device) =>
        library is not null && device.index <= 0 && NativeRecurrence.Serves(config)
            ? new NativeRecurrence(library, config, sigmas, device)
            : new TorchRecurrence(config);

    private void CheckSlot(int slot) => ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)slot, (uint)SlotCount, nameof(slot));

    // [L, H, V, K], a view.
    private Tensor Slot(int slot)
    {
        CheckSlot(slot);
        return _states[slot];
    }
}
