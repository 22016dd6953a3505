using System.Runtime.InteropServices;
using Cottention.Inference;

namespace Cottention.Cuda.Native;

/// <summary>What a status of the library becomes here: the one mapping.</summary>
internal static unsafe class NativeStatus
{
    /// <summary>Throws for anything but success.</summary>
    /// <param name="status">Of the call made last on this thread.</param>
    public static void Check(NativeStatusCode status)
    {
        if (status != NativeStatusCode.Ok)
            throw Fault(status, LastMessage());
    }

    /// <summary>What the library says of the call made last on this thread.</summary>
    public static string LastMessage() => Marshal.PtrToStringUTF8((nint)NativeMethods.LastMessage()) is { Length: > 0 } message ? message : "no message";

    /// <summary>The exception of a status.</summary>
    public static Exception Fault(NativeStatusCode status, string message) => status switch
    {
        NativeStatusCode.Unsupported => new InferenceException(InferenceError.InvalidModel, message),
        NativeStatusCode.OutOfMemory or NativeStatusCode.NoDevice => new InferenceException(InferenceError.InvalidArgument, message),
        NativeStatusCode.DeviceError => new InferenceException(InferenceError.Unavailable, $"the device failed: {message}"),
        // Whatever a caller can get wrong is checked before the call.
        _ => new InvalidOperationException($"The native library refused a call ({status}): {message}"),
    };
}
