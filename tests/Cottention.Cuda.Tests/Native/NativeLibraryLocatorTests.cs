using System.Reflection;
using System.Runtime.InteropServices;
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

    [Fact]
    public void EntryPoints_AreThoseOfTheDeclarations()
    {
        var declared = typeof(NativeMethods).GetMethods()
            .Select(method => method.GetCustomAttribute<DllImportAttribute>()?.EntryPoint ?? method.GetCustomAttribute<LibraryImportAttribute>()?.EntryPoint)
            .OfType<string>();

        Assert.Equal(declared.Order(StringComparer.Ordinal), NativeMethods.EntryPoints.Order(StringComparer.Ordinal));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}

/// <summary>Libraries that the tests compile themselves.</summary>
public sealed class NativeLibraryLocatorOfCompiledLibrariesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cottention-").FullName;

    [NeedsCCompilerFact]
    public void Locate_NamedOrBesideTheApplication_IsFound()
    {
        Compile("libcottention.so", NativeMethods.AbiVersion);

        Assert.Null(NativeLibraryLocator.Locate(Path.Combine(_folder, "libcottention.so"), "/", "none.so").Missing);
        Assert.Null(NativeLibraryLocator.Locate(null, _folder, "libcottention.so").Missing);
    }

    [NeedsCCompilerFact]
    public void Locate_NamedAndBesideTheApplication_TheNamedOneIsTaken()
    {
        Compile("libcottention.so", NativeMethods.AbiVersion);
        var named = Compile("libnamed.so", NativeMethods.AbiVersion + 1);

        Assert.StartsWith($"'{named}' has version ", NativeLibraryLocator.Locate(named, _folder, "libcottention.so").Missing, StringComparison.Ordinal);
    }

    [NeedsCCompilerFact]
    public void Locate_OtherVersionOfTheInterface_IsRefused()
    {
        var path = Compile("libstale.so", 999);

        Assert.Equal(new LocatedLibrary(0, $"'{path}' has version 999 of the interface; this program needs {NativeMethods.AbiVersion}"), NativeLibraryLocator.Locate(path, "/", "none.so"));
    }

    [NeedsCCompilerTheory]
    [InlineData("ctn_device_count")]
    [InlineData("ctn_engine_end_read_slot")]
    public void Locate_OneFunctionIsMissing_IsRefused(string function)
    {
        var path = Compile("libpart.so", NativeMethods.AbiVersion, without: function);

        Assert.Equal(new LocatedLibrary(0, $"'{path}' is not whole: it has no {function}"), NativeLibraryLocator.Locate(path, "/", "none.so"));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // A library whose functions but for its version do nothing.
    private string Compile(string name, int version, string? without = null)
    {
        var (path, source) = (Path.Combine(_folder, name), Path.Combine(_folder, name + ".c"));
        var others = NativeMethods.EntryPoints.Where(function => function != without).Select(function => $"int {function}(void) {{ return 0; }}\n");
        File.WriteAllText(source, $"int ctn_abi_version(void) {{ return {version}; }}\n{string.Concat(others)}");
        NativeBuild.Run(NativeBuild.CCompiler ?? "cc", "-shared", "-fPIC", source, "-o", path);
        return path;
    }
}

[NeedsNativeLibrary]
public sealed class NativeLibraryLocatorOfTheLibraryTests
{
    [Fact]
    public void Current_OfTheTests_IsTheNamedLibrary()
    {
        NativeBuild.Use();

        Assert.Null(NativeLibraryLocator.Current.Missing);
        Assert.NotEqual(0, NativeLibraryLocator.Current.Handle);
    }
}
