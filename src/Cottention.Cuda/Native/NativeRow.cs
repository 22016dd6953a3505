using System.Runtime.InteropServices;

namespace Cottention.Cuda.Native;

/// <summary><c>ctn_row</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeRow
{
    public long Position;
    public int Slot;
    public int TokenCount;
    public int LogitsCount;
    public int IsProvisional;
}
