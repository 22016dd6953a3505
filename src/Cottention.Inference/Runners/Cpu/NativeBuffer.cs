using System.Runtime.InteropServices;

namespace Cottention.Inference.Runners.Cpu;

/// <summary>
/// Zeroed, aligned memory outside the managed heap; in huge pages where it is large and the system gives them. On Linux
/// large memory is mapped and zero without being touched: the threads that fill it take its pages, all at once.
/// </summary>
internal sealed unsafe partial class NativeBuffer : SafeHandle
{
    private const int HugePageBytes = 2 << 20;
    private const int CacheLineBytes = 64;
    private const int AdviseHugePage = 14;
    private const int AdvisePopulateWrite = 23;
    private const int ReadWrite = 3;
    private const int PrivateAnonymous = 0x22;

    // What was mapped, of which the buffer is the aligned part; 0 where it was allocated.
    private readonly nint _mapped;
    private readonly nuint _mappedBytes;

    /// <summary>Takes the memory; where it is large, its pages come as they are first written.</summary>
    public NativeBuffer(long bytes)
        : base(0, ownsHandle: true)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        Bytes = bytes;
        if (bytes >= HugePageBytes && OperatingSystem.IsLinux())
        {
            _mappedBytes = (nuint)bytes + HugePageBytes;
            _mapped = Map(0, _mappedBytes, ReadWrite, PrivateAnonymous, -1, 0);
            if (_mapped == -1)
                throw new InsufficientMemoryException($"{bytes} bytes of memory cannot be mapped.");
            SetHandle((_mapped + HugePageBytes - 1) & ~(nint)(HugePageBytes - 1));
            // Advice only: refused, the memory is the same in small pages.
            _ = Advise(handle, (nuint)(bytes & ~(HugePageBytes - 1L)), AdviseHugePage);
            return;
        }
        var data = NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, 1), CacheLineBytes);
        SetHandle((nint)data);
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

    /// <summary>Memory for this many float32, no page of it missing.</summary>
    public static NativeBuffer OfFloats(long count)
    {
        var buffer = new NativeBuffer(checked(count * sizeof(float)));
        buffer.Populate(0, 1);
        return buffer;
    }

    /// <summary>Takes every page of memory that is still zero, each thread of <paramref name="pool"/> a part.</summary>
    public void Populate(WorkerPool pool) => pool.Run(thread => Populate(thread, pool.Threads));

    /// <summary>Takes the pages one after the other on a thread of its own, while others already use the memory; ends with it.</summary>
    public void PopulateInBackground()
    {
        if (_mapped != 0)
            new Thread(PopulatePageByPage) { IsBackground = true, Name = "cottention pages", Priority = ThreadPriority.BelowNormal }.Start();
    }

    private void PopulatePageByPage()
    {
        for (var start = 0L; start < Bytes; start += HugePageBytes)
        {
            var held = false;
            try
            {
                // While it is held, the memory is not unmapped.
                DangerousAddRef(ref held);
            }
            catch (ObjectDisposedException)
            {
                return;
            }

            // An older kernel does not know the advice: there the pages come as they are first written.
            var known = Advise(handle + (nint)start, (nuint)Math.Min(HugePageBytes, Bytes - start), AdvisePopulateWrite) == 0;
            DangerousRelease();
            if (!known)
                return;
        }
    }

    private void Populate(int part, int parts)
    {
        if (_mapped == 0)
            return;
        var (first, end) = Share.Of((int)((Bytes + HugePageBytes - 1) / HugePageBytes), part, parts);
        var start = (long)first * HugePageBytes;
        var length = (nuint)Math.Max(0, Math.Min((long)end * HugePageBytes, Bytes) - start);
        // An older kernel does not know the advice.
        if (length > 0 && Advise(handle + (nint)start, length, AdvisePopulateWrite) != 0)
            NativeMemory.Clear(Data + start, length);
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        if (_mapped != 0)
            return Unmap(_mapped, _mappedBytes) == 0;
        NativeMemory.AlignedFree((void*)handle);
        return true;
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint address, nuint length, int advice);
}
