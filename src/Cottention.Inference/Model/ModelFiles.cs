using Microsoft.Win32.SafeHandles;

namespace Cottention.Inference.Model;

/// <summary>Opens the files of a model's folder: regular files only, of a size looked at before anything is read.</summary>
internal static class ModelFiles
{
    /// <summary>Opens a file for reading. Links are followed, as download caches store models behind them.</summary>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidModel"/>: absent, unreadable, or not a regular file.</exception>
    public static SafeFileHandle Open(string path, out long length)
    {
        try
        {
            var named = new FileInfo(path);
            var target = named.LinkTarget is null ? named : named.ResolveLinkTarget(returnFinalTarget: true);
            if (Directory.Exists(path))
                throw ModelFault.Of(path, null, "is a folder, not a file");
            if (target is not FileInfo { Exists: true } file)
                throw ModelFault.Of(path, null, "there is no such file");
            // Pipes and devices report a length of 0 and are refused here: to open one may wait for ever or have effects.
            if (file.Length == 0)
                throw ModelFault.Of(path, null, "is empty (0 bytes) or no regular file");
            var handle = File.OpenHandle(file.FullName, FileMode.Open, FileAccess.Read, FileShare.Read);
            length = RandomAccess.GetLength(handle);
            return handle;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw ModelFault.Of(path, null, $"cannot be opened: {e.Message}", e);
        }
    }

    /// <summary>Reads a small file whole.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maxBytes">Longest file that is accepted.</param>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidModel"/>: as <see cref="Open"/>, or longer than allowed.</exception>
    public static byte[] ReadSmall(string path, int maxBytes)
    {
        using var handle = Open(path, out var length);
        if (length > maxBytes)
            throw ModelFault.Of(path, null, $"has {length} bytes; allowed: up to {maxBytes}");
        var bytes = new byte[length];
        var read = 0;
        try
        {
            for (int got; read < bytes.Length && (got = RandomAccess.Read(handle, bytes.AsSpan(read), read)) > 0;)
                read += got;
        }
        catch (IOException e)
        {
            throw ModelFault.Of(path, null, $"cannot be read: {e.Message}", e);
        }
        if (read != bytes.Length)
            throw ModelFault.Of(path, null, $"ended after {read} of {length} bytes");
        return bytes;
    }
}
