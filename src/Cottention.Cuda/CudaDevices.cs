using System.Text;
using Cottention.Cuda.Native;

namespace Cottention.Cuda;

/// <summary>Looks for devices. Never throws: no library, no driver and no card are answers.</summary>
public static unsafe class CudaDevices
{
    /// <summary>Every device of the native library.</summary>
    public static CudaDeviceList Find() => Find(NativeLibraryLocator.Current);

    /// <summary>File of the native library where it computes on GPUs, for others that call its kernels; null where there is none, or it is the CPU build.</summary>
    public static string? GpuLibrary => Find().Devices is [{ IsEmulation: false }, ..] ? NativeLibraryLocator.Current.Path : null;

    /// <summary>Every device of a library.</summary>
    internal static CudaDeviceList Find(LocatedLibrary library)
    {
        if (library.Missing is { } missing)
            return new CudaDeviceList([], missing);
        var status = NativeMethods.DeviceCount(out var count);
        if (status != NativeStatusCode.Ok)
            return new CudaDeviceList([], NativeStatus.LastMessage());
        if (count == 0)
            return new CudaDeviceList([], "the driver knows of no CUDA device");
        var devices = new CudaDevice[count];
        for (var device = 0; device < count; device++)
        {
            if (TryDescribe(device) is not { } described)
                return new CudaDeviceList([], NativeStatus.LastMessage());
            devices[device] = described;
        }

        return new CudaDeviceList(devices, null);
    }

    /// <summary>One device, or null: then the library's last message says why.</summary>
    private static CudaDevice? TryDescribe(int device)
    {
        var info = new NativeDeviceInfo { StructSize = sizeof(NativeDeviceInfo) };
        if (NativeMethods.DescribeDevice(device, &info) != NativeStatusCode.Ok)
            return null;
        var name = new ReadOnlySpan<byte>(info.Name, NativeDeviceInfo.NameBytes);
        var end = name.IndexOf((byte)0);
        return new CudaDevice(
            device, Encoding.UTF8.GetString(end < 0 ? name : name[..end]), new Version(info.ComputeMajor, info.ComputeMinor), info.Multiprocessors,
            info.TotalBytes, info.FreeBytes, info.IsEmulation != 0);
    }
}
