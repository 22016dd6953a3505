using System.Runtime.InteropServices;

namespace Cottention.Cuda.Native;

/// <summary><c>ctn_engine_config</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeEngineConfig
{
    public int StructSize;
    public int Device;
    public int Layers;
    public int Heads;
    public int HeadDim;
    public int RotaryDim;
    public int Inner;
    public int Vocabulary;
    public int TiedHead;
    public double LayerNormEpsilon;
    public ulong* Turns;
    public NativeDtype WeightDtype;
    public NativeDtype StateDtype;
    public int Slots;
    public int MaxRows;
    public int MaxTokens;
    public int ProvisionalRows;
    public int ProvisionalTokens;
    public int FoldInterval;
    public int ChunkTokens;
}
