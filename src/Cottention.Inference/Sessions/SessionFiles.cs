using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Cottention.Inference.Sessions;

/// <summary>File operations of <see cref="FileSessionStore"/>: no links followed, durable writes, private modes.</summary>
internal static partial class SessionFiles
{
    private const UnixFileMode PrivateFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode PrivateFolder = PrivateFile | UnixFileMode.UserExecute;

    // Values of Linux; elsewhere the attribute check stands alone.
    private const int ReadOnlyFlag = 0, NoFollowFlagX64 = 0x20000, NoFollowFlagArm64 = 0x8000, CloseOnExecFlag = 0x80000;

    /// <summary>Creates a folder with those above it; returns the ones that were not there, innermost first.</summary>
    public static string[] CreateFolder(string folder)
    {
        var absent = new List<string>();
        for (var each = folder; each is not null && !Directory.Exists(each); each = Path.GetDirectoryName(each))
            absent.Add(each);
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(folder, PrivateFolder);
        return [.. absent];
    }

    /// <summary>Opens a file that one process at a time may have open; says whether it was not there.</summary>
    public static (FileStream Lock, bool IsNew) Lock(string path)
    {
        while (true)
        {
            var isNew = !File.Exists(path);
            var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            // A store that withdrew may have deleted it between the opening and the locking: what is locked then is no file of the folder.
            if (File.Exists(path))
                return (file, isNew);
            file.Dispose();
        }
    }

    /// <summary>The file's bytes; null if there is none. A link or a file over 1 GiB is an error.</summary>
    public static byte[]? ReadAll(string path)
    {
        using var handle = OpenForRead(path);
        if (handle is null)
            return null;
        var length = RandomAccess.GetLength(handle);
        if (length > int.MaxValue / 2)
            throw new IOException($"the file has {length} bytes; allowed: {int.MaxValue / 2}");
        return ReadFully(handle, (int)length);
    }

    /// <summary>The file's first bytes, fewer if it is shorter; null if there is none.</summary>
    public static byte[]? ReadStart(string path, int count)
    {
        using var handle = OpenForRead(path);
        return handle is null ? null : ReadFully(handle, (int)Math.Min(count, RandomAccess.GetLength(handle)));
    }

    /// <summary>Writes a new file, flushes it to the device, renames it over the old one and flushes the folder.</summary>
    public static void WriteDurably(string temporary, string path, ReadOnlySpan<byte> bytes)
    {
        // Opened first: once the rename is done, only the device can fail.
        using var folder = OpenFolder(Path.GetDirectoryName(path)!); // never null: path is a file inside the store's folder
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0 };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = PrivateFile;
            using (var stream = new FileStream(temporary, options))
            {
                stream.Write(bytes);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
        Flush(folder);
    }

    /// <summary>Makes a rename or a deletion survive a power cut. .NET has no call for it.</summary>
    public static void FlushFolder(string folder)
    {
        using var handle = OpenFolder(folder);
        Flush(handle);
    }

    // null where folders cannot be flushed.
    private static SafeFileHandle? OpenFolder(string folder)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        var handle = Open(folder, ReadOnlyFlag | CloseOnExecFlag);
        return handle.IsInvalid ? throw new IOException($"cannot open {folder}: {LastError()}") : handle;
    }

    private static void Flush(SafeFileHandle? folder)
    {
        if (folder is not null && Fsync(folder) != 0)
            throw new IOException($"cannot flush the session folder: {LastError()}");
    }

    private static SafeFileHandle? OpenForRead(string path)
    {
        var attributes = new FileInfo(path);
        if (attributes.LinkTarget is not null)
            throw new IOException("the file is a link; links are not followed");
        if (!attributes.Exists)
            return null;
        if (!OperatingSystem.IsLinux())
            return File.OpenHandle(path);
        var noFollow = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? NoFollowFlagArm64 : NoFollowFlagX64;
        var handle = Open(path, ReadOnlyFlag | CloseOnExecFlag | noFollow);
        return handle.IsInvalid ? throw new IOException($"cannot open the file: {LastError()}") : handle;
    }

    private static byte[] ReadFully(SafeFileHandle handle, int count)
    {
        var bytes = GC.AllocateUninitializedArray<byte>(count);
        for (var done = 0; done < count;)
        {
            var read = RandomAccess.Read(handle, bytes.AsSpan(done), done);
            if (read == 0)
                return bytes[..done];
            done += read;
        }
        return bytes;
    }

    private static string LastError() => new Win32Exception(Marshal.GetLastPInvokeError()).Message;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(SafeFileHandle handle);
}
