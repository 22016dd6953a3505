using System.Runtime.InteropServices;

namespace Cottention.Cuda.Native;

/// <summary><c>ctn_draw</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeDraw
{
    /// <summary><c>CTN_UNDECIDED</c>.</summary>
    public const int Undecided = -1;

    public double Uniform;
    public double TopP;
    public double MinP;
    public float Temperature;
    public int TopK;
    public int Live;
    public int Wanted;
}
