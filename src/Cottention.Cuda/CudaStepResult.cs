using Cottention.Cuda.Native;

namespace Cottention.Cuda;

/// <summary>What came back of a step that wanted logits: its drawn tokens, and its rows of logits where somebody has looked.</summary>
/// <param name="engine">Sealed.</param>
/// <param name="maxRows">Most rows of logits.</param>
/// <param name="width">N.</param>
internal sealed unsafe class CudaStepResult(EngineHandle engine, int maxRows, int width)
{
    private readonly int[] _drawn = new int[maxRows];

    // [maxRows, N], and which of them have been fetched.
    private readonly float[] _logits = GC.AllocateUninitializedArray<float>(checked(maxRows * width), pinned: true);
    private readonly bool[] _fetched = new bool[maxRows];
    private int _count;

    /// <summary>Waits for the oldest step under way, whose plan wanted so many rows of logits.</summary>
    public void End(int count)
    {
        _count = count;
        _fetched.AsSpan(0, count).Clear();
        fixed (int* drawn = _drawn)
            NativeStatus.Check(NativeMethods.EndStep(engine, drawn));
    }

    /// <summary>A row of logits, [N] f32.</summary>
    public ReadOnlySpan<float> Logits(int index)
    {
        if (!_fetched[index])
            Fetch(index);
        return _logits.AsSpan(index * width, width);
    }

    /// <summary>The token drawn from a row of logits, or -1.</summary>
    public int Drawn(int index) => _drawn[index];

    // This row and those behind it that no token was drawn from: they will be asked for as well, and one way costs hardly more than another.
    private void Fetch(int index)
    {
        var end = index + 1;
        while (end < _count && _drawn[end] < 0 && !_fetched[end])
            end++;
        fixed (float* logits = _logits)
            NativeStatus.Check(NativeMethods.ReadLogits(engine, index, end - index, logits + ((long)index * width)));
        _fetched.AsSpan(index, end - index).Fill(true);
    }
}
