using System.Runtime.InteropServices;

namespace Cottention.Inference.Runners.Cpu;

/// <summary>Zeroed, aligned memory outside the managed heap; in huge pages where it is large and the system gives them.</summary>
internal sealed unsafe partial class NativeBuffer : SafeHandle
{
    private const int HugePageBytes = 2 << 20;
    private const int CacheLineBytes = 64;
    private const int AdviseHugePage = 14;

    /// <summary>Allocates and zeroes, so that no page is missing later.</summary>
    public NativeBuffer(long bytes)
        : base(0, ownsHandle: true)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        Bytes = bytes;
        var isLarge = bytes >= HugePageBytes;
        var data = NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, 1), isLarge ? (nuint)HugePageBytes : CacheLineBytes);
        SetHandle((nint)data);
        if (isLarge)
            AdviseHugePages(data, bytes);
        NativeMemory.Clear(data, (nuint)bytes);
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Size in bytes.</summary>
    public long Bytes { get; }

    /// <summary>First byte; 64-byte aligned.</summary>
    public byte* Data => (byte*)handle;

    /// <summary>First float.</summary>
    public float* Floats => (float*)handle;

    /// <summary>Memory for this many float32.</summary>
    public static NativeBuffer OfFloats(long count) => new(checked(count * sizeof(float)));

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        NativeMemory.AlignedFree((void*)handle);
        return true;
    }

    // Advice only: without it, or refused, the memory is the same in small pages.
    private static void AdviseHugePages(void* data, long bytes)
    {
        if (!OperatingSystem.IsLinux())
            return;
        try
        {
            _ = Madvise(data, (nuint)(bytes & ~(HugePageBytes - 1L)), AdviseHugePage);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            // A libc without madvise.
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Madvise(void* address, nuint length, int advice);
}
