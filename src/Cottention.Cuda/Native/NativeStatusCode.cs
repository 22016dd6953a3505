namespace Cottention.Cuda.Native;

/// <summary><c>ctn_status</c>.</summary>
internal enum NativeStatusCode
{
    Ok = 0,
    InvalidArgument = 1,
    Unsupported = 2,
    OutOfMemory = 3,
    NoDevice = 4,
    DeviceError = 5,
}
