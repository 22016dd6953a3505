using Cottention.Inference.Model;

namespace Cottention.Inference.Runners.Cpu;

/// <summary>
/// The states of all slots in one allocation. A slot is <c>[L, H, K, Kp] f32</c>: key-major, values padded to whole
/// vectors with 0. Export and import turn it to and from <c>[L, H, V, K]</c>.
/// </summary>
internal sealed unsafe class StateArena : IDisposable
{
    private readonly NativeBuffer _data;
    private readonly int _heads;
    private readonly int _headDim;
    private readonly int _paddedHeadDim;
    private readonly long _slotFloats;

    /// <summary>Zeroed slots. Their pages are taken while the first sessions already run: they are most of a start otherwise.</summary>
    public StateArena(StateLayout layout, int slotCount)
    {
        SlotCount = slotCount;
        _heads = layout.Layers * layout.Heads;
        _headDim = layout.KeyDim;
        _paddedHeadDim = PackedMatrix.Padded(layout.ValueDim, PackedMatrix.PanelRows);
        _slotFloats = (long)_heads * HeadFloats;
        _data = new NativeBuffer(checked(_slotFloats * slotCount * sizeof(float)));
        _data.PopulateInBackground();
    }

    /// <summary>Number of slots.</summary>
    public int SlotCount { get; }

    /// <summary>L * H.</summary>
    public int HeadCount => _heads;

    /// <summary>K.</summary>
    public int HeadDim => _headDim;

    /// <summary>Kp.</summary>
    public int PaddedHeadDim => _paddedHeadDim;

    /// <summary>Floats of one head's state in a slot.</summary>
    public int HeadFloats => _headDim * _paddedHeadDim;

    /// <summary>Bytes of all slots.</summary>
    public long Bytes => _data.Bytes;

    /// <summary>State of a head, [K, Kp]; heads are numbered through all layers.</summary>
    public float* Head(int slot, int head) => Slot(slot) + ((long)head * HeadFloats);

    /// <summary>Sets every value but not the padding.</summary>
    public void Fill(int slot, float value)
    {
        for (var row = 0; row < _heads * _headDim; row++)
            new Span<float>(Slot(slot) + ((long)row * _paddedHeadDim), _headDim).Fill(value);
    }

    /// <summary>Copies a slot over another.</summary>
    public void Copy(int source, int destination) =>
        Buffer.MemoryCopy(Slot(source), Slot(destination), _slotFloats * sizeof(float), _slotFloats * sizeof(float));

    /// <summary>Exports [L, H, V, K].</summary>
    public void Read(int slot, Span<float> state)
    {
        for (var head = 0; head < _heads; head++)
        {
            var source = Head(slot, head);
            var destination = state.Slice(head * _headDim * _headDim, _headDim * _headDim);
            for (var value = 0; value < _headDim; value++)
                for (var key = 0; key < _headDim; key++)
                    destination[(value * _headDim) + key] = source[(key * _paddedHeadDim) + value];
        }
    }

    /// <summary>Imports [L, H, V, K].</summary>
    public void Write(int slot, ReadOnlySpan<float> state)
    {
        for (var head = 0; head < _heads; head++)
        {
            var source = state.Slice(head * _headDim * _headDim, _headDim * _headDim);
            var destination = Head(slot, head);
            for (var value = 0; value < _headDim; value++)
                for (var key = 0; key < _headDim; key++)
                    destination[(key * _paddedHeadDim) + value] = source[(value * _headDim) + key];
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _data.Dispose();

    private float* Slot(int slot)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(slot);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(slot, SlotCount);
        return _data.Floats + (slot * _slotFloats);
    }
}
