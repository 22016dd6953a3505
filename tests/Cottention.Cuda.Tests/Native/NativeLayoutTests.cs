using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using Cottention.Conformance;
using Cottention.Cuda.Native;

namespace Cottention.Cuda.Tests.Native;

/// <summary>The mirrors of the header's structs and constants, beside what a C compiler makes of the header.</summary>
[NeedsNativeLibrary]
public sealed class NativeLayoutTests : IDisposable
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

    private readonly string _folder = Directory.CreateTempSubdirectory("cottention-").FullName;

    [Fact]
    public void Mirrors_OfTheHeader_AreTheSame()
    {
        var names = Expected();
        var program = new StringBuilder("#include <stddef.h>\n#include <stdio.h>\n#include \"cottention.h\"\nint main(void) {\n");
        foreach (var (expression, _) in names)
            program.Append(CultureInfo.InvariantCulture, $"printf(\"%lld\\n\", (long long)({expression}));\n");
        program.Append("return 0; }\n");
        var (source, binary) = (Path.Combine(_folder, "layout.c"), Path.Combine(_folder, "layout"));
        File.WriteAllText(source, program.ToString());

        NativeBuild.Run(NativeBuild.CCompiler ?? "cc", "-std=c11", "-Wall", "-Werror", $"-I{Path.Combine(Fixtures.RepositoryRoot, "native", "include")}", source, "-o", binary);
        var lines = NativeBuild.Run(binary).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(names.Select(name => $"{name.Expression} = {name.Value}"), names.Zip(lines, (name, line) => $"{name.Expression} = {line}"));
    }

    [Fact]
    public void Fields_OfEachStruct_AreAllThoseOfTheHeader()
    {
        var header = File.ReadAllText(Path.Combine(Fixtures.RepositoryRoot, "native", "include", "cottention.h"));
        foreach (var (type, name) in Structs)
        {
            var body = header[(header.IndexOf($"typedef struct {name} {{", StringComparison.Ordinal) + name.Length + 17)..header.IndexOf($"}} {name};", StringComparison.Ordinal)];
            var declared = System.Text.RegularExpressions.Regex.Replace(body, @"/\*.*?\*/", "", System.Text.RegularExpressions.RegexOptions.Singleline)
                .Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Sum(declaration => declaration.Split(',').Length);

            Assert.Equal(declared, Fields(type).Length);
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static List<(string Expression, long Value)> Expected()
    {
        var names = new List<(string, long)> { ("CTN_ABI_VERSION", NativeMethods.AbiVersion), ("CTN_UNDECIDED", NativeDraw.Undecided) };
        foreach (var (type, name) in Structs)
        {
            names.Add(($"sizeof({name})", Marshal.SizeOf(type)));
            foreach (var field in Fields(type))
                names.Add(($"offsetof({name}, {Snake(field.Name)})", Marshal.OffsetOf(type, field.Name)));
        }
        foreach (var type in Enums)
            foreach (var name in Enum.GetNames(type))
                names.Add(($"CTN_{Snake(name).ToUpperInvariant()}", (int)Enum.Parse(type, name)));
        return names;
    }

    private static FieldInfo[] Fields(Type type) => type.GetFields(BindingFlags.Instance | BindingFlags.Public);

    private static string Snake(string name) =>
        string.Concat(name.Select((c, i) => i > 0 && char.IsUpper(c) ? $"_{char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));
}
