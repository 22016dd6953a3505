using Cottention.Conformance;
using Cottention.Cuda.Native;

namespace Cottention.Cuda.Tests.Native;

public sealed class NativeLibraryLocatorTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cottention-").FullName;

    [Fact]
    public void Locate_Nowhere_SaysWhereItLooked()
    {
        var located = NativeLibraryLocator.Locate(null, _folder, "libcottention-that-is-not.so");

        Assert.Equal(0, located.Handle);
        Assert.Equal(
            $"there is no libcottention-that-is-not.so in '{_folder}' nor where the system looks for libraries, and COTTENTION_NATIVE_LIBRARY is not set",
            located.Missing);
    }

    [Fact]
    public void Locate_NamedFileIsNotThere_SaysSoAndSearchesNoFurther()
    {
        var located = NativeLibraryLocator.Locate(Path.Combine(_folder, "none.so"), _folder, "libc.so.6");

        Assert.Equal(new LocatedLibrary(0, $"COTTENTION_NATIVE_LIBRARY names '{Path.Combine(_folder, "none.so")}', which is not there"), located);
    }

    [Fact]
    public void Locate_FileIsNoLibrary_SaysWhatTheLoaderSays()
    {
        var path = Path.Combine(_folder, "libcottention.so");
        File.WriteAllText(path, "no library");

        foreach (var located in new[] { NativeLibraryLocator.Locate(path, "/", "none.so"), NativeLibraryLocator.Locate("", _folder, "libcottention.so") })
        {
            Assert.Equal(0, located.Handle);
            Assert.StartsWith($"'{path}' cannot be loaded: ", located.Missing, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', located.Missing!); // said above
        }
    }

    [Fact]
    public void Locate_AnotherLibrary_IsRefused()
    {
        if (!OperatingSystem.IsLinux())
            return;

        Assert.Equal(new LocatedLibrary(0, "'libc.so.6' is not a Cottention library: it has no ctn_abi_version"), NativeLibraryLocator.Locate(null, _folder, "libc.so.6"));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}

[NeedsNativeLibrary]
public sealed class NativeLibraryLocatorOfTheLibraryTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cottention-").FullName;

    [Fact]
    public void Locate_NamedOrBesideTheApplication_IsFound()
    {
        Compile("libcottention.so", NativeMethods.AbiVersion);

        Assert.Null(NativeLibraryLocator.Locate(Path.Combine(_folder, "libcottention.so"), "/", "none.so").Missing);
        Assert.Null(NativeLibraryLocator.Locate(null, _folder, "libcottention.so").Missing);
    }

    [Fact]
    public void Locate_NamedAndBesideTheApplication_TheNamedOneIsTaken()
    {
        Compile("libcottention.so", NativeMethods.AbiVersion);
        var named = Compile("libnamed.so", NativeMethods.AbiVersion + 1);

        Assert.StartsWith($"'{named}' has version ", NativeLibraryLocator.Locate(named, _folder, "libcottention.so").Missing, StringComparison.Ordinal);
    }

    [Fact]
    public void Locate_OtherVersionOfTheInterface_IsRefused()
    {
        var path = Compile("libstale.so", 999);

        Assert.Equal(new LocatedLibrary(0, $"'{path}' has version 999 of the interface; this program needs 1"), NativeLibraryLocator.Locate(path, "/", "none.so"));
    }

    [Fact]
    public void Current_OfTheTests_IsTheNamedLibrary()
    {
        NativeBuild.Use();

        Assert.Null(NativeLibraryLocator.Current.Missing);
        Assert.NotEqual(0, NativeLibraryLocator.Current.Handle);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // A library that has nothing but a version.
    private string Compile(string name, int version)
    {
        var (path, source) = (Path.Combine(_folder, name), Path.Combine(_folder, name + ".c"));
        File.WriteAllText(source, $"int ctn_abi_version(void) {{ return {version}; }}");
        NativeBuild.Run(NativeBuild.CCompiler ?? "cc", "-shared", "-fPIC", source, "-o", path);
        return path;
    }
}
