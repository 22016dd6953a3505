using System.IO.MemoryMappedFiles;

namespace Cottention.Inference.Model;

/// <summary>
/// A file mapped into memory, read-only. Any thread may read; spans end with <see cref="Dispose"/>. The file must not be
/// shortened while it is mapped: the system answers a read past its end by ending the process.
/// </summary>
public sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private byte* _start;

    private MappedFile(MemoryMappedFile map, MemoryMappedViewAccessor view, long length)
    {
        _map = map;
        _view = view;
        Length = length;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
    }

    /// <summary>Bytes of the file when it was mapped.</summary>
    public long Length { get; }

    /// <summary>Maps a regular file that is not empty.</summary>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidModel"/>: absent, unreadable, or not a regular file.</exception>
    public static MappedFile Open(string path)
    {
        using var handle = ModelFiles.Open(path, out var length);
        MemoryMappedFile? map = null;
        try
        {
            map = MemoryMappedFile.CreateFromFile(handle, null, length, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            return new MappedFile(map, map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read), length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            map?.Dispose();
            throw ModelFault.Of(path, null, $"cannot be mapped: {e.Message}", e);
        }
    }

    /// <summary>A range of the file.</summary>
    /// <param name="offset">Bytes from the file's start.</param>
    /// <param name="count">Bytes to read.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the file.</exception>
    public ReadOnlySpan<byte> Bytes(long offset, int count)
    {
        ObjectDisposedException.ThrowIf(_start is null, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - count);
        return new ReadOnlySpan<byte>(_start + offset, count);
    }

    /// <summary>Unmaps the file; spans over it end.</summary>
    public void Dispose()
    {
        if (_start is null)
            return;
        _start = null;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _map.Dispose();
    }
}
