using System.Runtime.CompilerServices;
using Cottention.Inference.Model;
using Cottention.Inference.Runners.Cpu;
using static TorchSharp.torch;

namespace Cottention.Torch.Runners;

/// <summary>The recurrence as one kernel a layer, <c>ctn_fused_recurrent</c>: it turns, divides, updates and reads, and its bits depend on nothing but the row.</summary>
internal sealed unsafe class NativeRecurrence : IRecurrence
{
    // As in native/include/cottention.h.
    private const int MostHeadDim = 256;

    private readonly NativeKernels _kernels;
    private readonly ModelConfig _config;
    private readonly Device _device;

    // [L, H] f32, and [pairs] 64-bit fractions of a turn; torch has no unsigned 64-bit type that it can copy everywhere.
    private readonly Tensor _sigmas;
    private readonly Tensor _turns;

    private PlanTensors? _plan;
    private Tensor? _slots;
    private Tensor? _tokenBegins;
    private Tensor? _positions;

    /// <summary>Whether the kernel takes a model's heads.</summary>
    public static bool Serves(ModelConfig config) => config.HeadDim is >= 2 and <= MostHeadDim && config.HeadDim % 2 == 0;

    /// <param name="library">Path of the native library.</param>
    /// <param name="config">The model's numbers.</param>
    /// <param name="sigmas">[L][H].</param>
    /// <param name="device">Where everything lies.</param>
    public NativeRecurrence(string library, ModelConfig config, double[][] sigmas, Device device)
    {
        (_config, _device) = (config, device);
        using var scope = NewDisposeScope();
        float[] values = [.. sigmas.SelectMany(layer => layer).Select(sigma => (float)sigma)];
        _sigmas = tensor(values, device: device).reshape(sigmas.Length, -1);
        long[] turns = [.. new RotaryTurns(config.RotaryDim).Turns.ToArray().Select(turn => (long)turn), 0];
        _turns = tensor(turns, device: device);
        _kernels = new NativeKernels(library, device);
        _sigmas.DetachFromDisposeScope();
        _turns.DetachFromDisposeScope();
    }

    public string Name => "the native kernel";

    public bool ByTime => false;

    public void Begin(PlanTensors plan) =>
        (_plan, _slots, _tokenBegins, _positions) = (plan, plan.Slots.to(ScalarType.Int32), plan.TokenBegins.to(ScalarType.Int32), plan.Positions);

    public Tensor Run(int layer, Tensor queryKeyValue, Tensor states)
    {
        var plan = _plan!; // Begin comes first
        long d = _config.EmbeddingSize, headSize = (long)_config.HeadDim * _config.HeadDim;
        var output = zeros([queryKeyValue.shape[0], d], dtype: ScalarType.Float32, device: _device);
        using var state = states.select(1, layer);
        using var sigma = _sigmas[layer];
        _kernels.FusedRecurrent(new RecurrentLaunch
        {
            StructSize = Unsafe.SizeOf<RecurrentLaunch>(),
            Rows = plan.RowCount,
            Heads = _config.HeadCount,
            HeadDim = _config.HeadDim,
            RotaryDim = _config.RotaryDim,
            MaxRowTokens = plan.TimeCount,
            QueryKeyValue = _kernels.PointerTo(queryKeyValue),
            RowStride = 3 * d,
            KeyOffset = d,
            ValueOffset = 2 * d,
            Output = _kernels.PointerTo(output),
            OutputStride = d,
            Slot = (int*)_kernels.PointerTo(_slots!),
            TokenBegin = (int*)_kernels.PointerTo(_tokenBegins!),
            Position = (long*)_kernels.PointerTo(_positions!),
            Sigma = (float*)_kernels.PointerTo(sigma),
            Turns = (ulong*)_kernels.PointerTo(_turns),
            State = _kernels.PointerTo(state),
            SlotStride = _config.LayerCount * _config.HeadCount * headSize,
            HeadStride = headSize,
        });
        return output;
    }

    public void Dispose()
    {
        _sigmas.Dispose();
        _turns.Dispose();
        _kernels.Dispose();
    }
}
