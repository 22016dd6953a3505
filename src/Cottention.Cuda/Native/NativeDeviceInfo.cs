using System.Runtime.InteropServices;

namespace Cottention.Cuda.Native;

/// <summary><c>ctn_device_info</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeDeviceInfo
{
    public const int NameBytes = 256;

    public int StructSize;
    public int ComputeMajor;
    public int ComputeMinor;
    public int Multiprocessors;
    public long TotalBytes;
    public long FreeBytes;
    public int IsEmulation;
    public fixed byte Name[NameBytes];
}
