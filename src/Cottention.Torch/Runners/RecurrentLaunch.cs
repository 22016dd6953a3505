using System.Runtime.InteropServices;

namespace Cottention.Torch.Runners;

/// <summary><c>ctn_recurrent</c> of native/include/cottention.h, field by field.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct RecurrentLaunch
{
    public int StructSize;
    public int Rows;
    public int Heads;
    public int HeadDim;
    public int RotaryDim;
    public int DType;
    public int StateDType;
    public int MaxRowTokens;
    public void* QueryKeyValue;
    public long RowStride;
    public long QueryOffset;
    public long KeyOffset;
    public long ValueOffset;
    public void* Output;
    public long OutputStride;
    public int* Slot;
    public int* TokenBegin;
    public long* Position;
    public float* Sigma;
    public ulong* Turns;
    public void* State;
    public long SlotStride;
    public long HeadStride;
    public ulong RoundingSeed;
    public void* Tail;
    public long TailSlotStride;
    public long TailHeadStride;
    public int TailCapacity;
    public int Reserved;
    public int* TailLength;
    public int* Fold;
}
