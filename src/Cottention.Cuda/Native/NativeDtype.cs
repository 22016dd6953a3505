namespace Cottention.Cuda.Native;

/// <summary><c>ctn_dtype</c>.</summary>
internal enum NativeDtype
{
    F32 = 0,
    Bf16 = 1,
    F16 = 2,
}
