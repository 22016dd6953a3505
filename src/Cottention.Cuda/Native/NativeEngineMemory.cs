using System.Runtime.InteropServices;

namespace Cottention.Cuda.Native;

/// <summary><c>ctn_engine_memory</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeEngineMemory
{
    public int StructSize;
    public int Reserved;
    public long WeightBytes;
    public long StateBytes;
    public long TailBytes;
    public long BufferBytes;
}
