using Cottention.Cuda;

namespace Cottention.Server.Tests.Hosting;

/// <summary>Devices that a machine might have.</summary>
internal static class Devices
{
    public static CudaDevice Emulation { get; } = new(0, "CPU emulation", new Version(0, 0), 1, 1 << 30, 1 << 30, IsEmulation: true);

    public static CudaDevice H100(int index, long freeBytes = 79L << 30) =>
        new(index, "NVIDIA H100 80GB HBM3", new Version(9, 0), 132, 80L << 30, freeBytes, IsEmulation: false);

    public static CudaDevice T4(int index) => new(index, "Tesla T4", new Version(7, 5), 40, 16L << 30, 15L << 30, IsEmulation: false);
}
