using System.Reflection;
using System.Runtime.InteropServices;

namespace Cottention.Cuda.Native;

/// <summary>
/// Finds the native library: the file that <see cref="PathVariable"/> names if it is set, otherwise the file next to the
/// application, otherwise what the system's search finds. Never throws: where there is none, it says why.
/// </summary>
internal static unsafe class NativeLibraryLocator
{
    /// <summary>The library's name in declarations.</summary>
    public const string LibraryName = "cottention";

    /// <summary>Environment variable with the path of a library to use instead of any other, the CPU build for example.</summary>
    public const string PathVariable = "COTTENTION_NATIVE_LIBRARY";

    private static readonly Lazy<LocatedLibrary> Located = new(() => Locate(Environment.GetEnvironmentVariable(PathVariable), AppContext.BaseDirectory, FileName));

    /// <summary>The library of this process. Looked for once.</summary>
    public static LocatedLibrary Current => Located.Value;

    /// <summary>The library's file name on this system.</summary>
    public static string FileName => OperatingSystem.IsWindows() ? "cottention.dll" : OperatingSystem.IsMacOS() ? "libcottention.dylib" : "libcottention.so";

    /// <summary>Has an assembly's declarations call <see cref="Current"/>.</summary>
    public static void ResolveFor(Assembly assembly) =>
        NativeLibrary.SetDllImportResolver(assembly, static (name, _, _) => name == LibraryName ? Current.Handle : 0);

    /// <summary>Looks for a library.</summary>
    /// <param name="named">Path of the one to use; null or empty to search.</param>
    /// <param name="applicationFolder">Where the application's files are.</param>
    /// <param name="fileName">File to search for.</param>
    public static LocatedLibrary Locate(string? named, string applicationFolder, string fileName)
    {
        if (!string.IsNullOrEmpty(named))
            return File.Exists(named) ? Load(Path.GetFullPath(named)) : new LocatedLibrary(0, $"{PathVariable} names '{named}', which is not there");
        var beside = Path.Combine(applicationFolder, fileName);
        if (File.Exists(beside))
            return Load(beside);
        return NativeLibrary.TryLoad(fileName, out var handle)
            ? Checked(handle, fileName)
            : new LocatedLibrary(0, $"there is no {fileName} in '{applicationFolder}' nor where the system looks for libraries, and {PathVariable} is not set");
    }

    private static LocatedLibrary Load(string path)
    {
        try
        {
            return Checked(NativeLibrary.Load(path), path);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            return new LocatedLibrary(0, $"'{path}' cannot be loaded: {OneLine(e.Message)}");
        }
    }

    // A stale library is found here, not by a crash in it.
    private static LocatedLibrary Checked(nint handle, string path)
    {
        if (!NativeLibrary.TryGetExport(handle, "ctn_abi_version", out var export))
            return Refused(handle, $"'{path}' is not a Cottention library: it has no ctn_abi_version");
        var version = ((delegate* unmanaged<int>)export)();
        if (version != NativeMethods.AbiVersion)
            return Refused(handle, $"'{path}' has version {version} of the interface; this program needs {NativeMethods.AbiVersion}");
        var absent = Array.Find(NativeMethods.EntryPoints, name => !NativeLibrary.TryGetExport(handle, name, out _));
        return absent is null ? new LocatedLibrary(handle, null, path) : Refused(handle, $"'{path}' is not whole: it has no {absent}");
    }

    private static LocatedLibrary Refused(nint handle, string reason)
    {
        NativeLibrary.Free(handle);
        return new LocatedLibrary(0, reason);
    }

    private static string OneLine(string message) => message.ReplaceLineEndings(" ").Trim();
}
