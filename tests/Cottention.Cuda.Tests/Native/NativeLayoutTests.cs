using Cottention.Conformance;
using Cottention.Cuda.Native;

namespace Cottention.Cuda.Tests.Native;

/// <summary>The mirrors of the header's structs and constants, beside what a C compiler makes of the header.</summary>
public sealed class NativeLayoutTests
{
    private static readonly Dictionary<Type, string> Structs = new()
    {
        [typeof(NativeDeviceInfo)] = "ctn_device_info",
        [typeof(NativeEngineConfig)] = "ctn_engine_config",
        [typeof(NativeEngineMemory)] = "ctn_engine_memory",
        [typeof(NativeRow)] = "ctn_row",
        [typeof(NativeDraw)] = "ctn_draw",
    };

    private static readonly Type[] Enums = [typeof(NativeStatusCode), typeof(NativeDtype), typeof(NativeTensor)];

    [NeedsCCompilerFact]
    public void Mirrors_OfTheHeader_AreTheSame()
    {
        var expected = new List<(string, long)> { ("CTN_ABI_VERSION", NativeMethods.AbiVersion), ("CTN_UNDECIDED", NativeDraw.Undecided) };
        foreach (var (type, name) in Structs)
            expected.AddRange(HeaderMirror.Expected(type, name));
        foreach (var type in Enums)
            foreach (var name in Enum.GetNames(type))
                expected.Add(($"CTN_{HeaderMirror.Snake(name).ToUpperInvariant()}", (int)Enum.Parse(type, name)));

        HeaderMirror.AssertSame(expected);
    }

    [Fact]
    public void Fields_OfEachStruct_AreAllThoseOfTheHeader()
    {
        foreach (var (type, name) in Structs)
            HeaderMirror.AssertAllFields(type, name);
    }
}
