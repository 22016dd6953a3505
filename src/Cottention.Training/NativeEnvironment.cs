using System.Runtime.InteropServices;

namespace Cottention.Training;

/// <summary>Settings of the C runtime that have to be made before libtorch is loaded.</summary>
internal static partial class NativeEnvironment
{
    // Names and numbers from malloc.h of glibc.
    private const int TrimThreshold = -1;
    private const int MmapThreshold = -3;
    private const int LargestBlockBytes = 1 << 30;

    /// <summary>
    /// Lets idle OpenMP threads sleep instead of spinning, which on a shared machine takes the processor from others; and lets
    /// malloc keep large blocks: otherwise every activation is a fresh mapping whose pages the kernel fills with zeros first.
    /// Does nothing outside Linux.
    /// </summary>
    /// <param name="keepLargeBlocks">False where memory is measured: blocks that are kept but do not fit again look like memory in use.</param>
    public static void Prepare(bool keepLargeBlocks)
    {
        if (!OperatingSystem.IsLinux())
            return;
        // Environment.SetEnvironmentVariable does not reach the C environment, which OpenMP reads.
        _ = SetEnvironment("OMP_WAIT_POLICY", "passive", overwrite: 0);
        if (!keepLargeBlocks)
            return;
        _ = SetMallocOption(MmapThreshold, LargestBlockBytes);
        _ = SetMallocOption(TrimThreshold, LargestBlockBytes);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetMallocOption(int option, int value);
}
