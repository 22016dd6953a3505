using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace Cottention.Conformance;

/// <summary>What a C compiler makes of <c>native/include/cottention.h</c>, beside what C# has of it.</summary>
public static class HeaderMirror
{
    private static readonly string Folder = Path.Combine(Fixtures.RepositoryRoot, "native", "include");

    /// <summary>Size of a struct, and the place of each field, as C expressions with the values of C#.</summary>
    /// <param name="type">The mirror.</param>
    /// <param name="name">The struct's name in C.</param>
    /// <param name="fieldName">A field's name in C; by default that of C# in snake case.</param>
    public static IEnumerable<(string Expression, long Value)> Expected(Type type, string name, Func<string, string>? fieldName = null) =>
    [
        ($"sizeof({name})", Marshal.SizeOf(type)),
        .. Fields(type).Select(field => ($"offsetof({name}, {(fieldName ?? Snake)(field.Name)})", (long)Marshal.OffsetOf(type, field.Name))),
    ];

    /// <summary>Fails unless C has the same values.</summary>
    public static void AssertSame(IReadOnlyList<(string Expression, long Value)> expected)
    {
        var folder = Directory.CreateTempSubdirectory("cottention-").FullName;
        try
        {
            var program = new StringBuilder("#include <stddef.h>\n#include <stdio.h>\n#include \"cottention.h\"\nint main(void) {\n");
            foreach (var (expression, _) in expected)
                program.Append(CultureInfo.InvariantCulture, $"printf(\"%lld\\n\", (long long)({expression}));\n");
            program.Append("return 0; }\n");
            var (source, binary) = (Path.Combine(folder, "layout.c"), Path.Combine(folder, "layout"));
            File.WriteAllText(source, program.ToString());
            NativeBuild.Run(NativeBuild.CCompiler ?? "cc", "-std=c11", "-Wall", "-Werror", $"-I{Folder}", source, "-o", binary);
            var values = NativeBuild.Run(binary).Split('\n', StringSplitOptions.RemoveEmptyEntries);

            Assert.Equal(expected.Select(each => $"{each.Expression} = {each.Value}"), expected.Zip(values, (each, value) => $"{each.Expression} = {value}"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Fails unless a mirror has as many fields as the struct.</summary>
    public static void AssertAllFields(Type type, string name)
    {
        var header = File.ReadAllText(Path.Combine(Folder, "cottention.h"));
        var start = $"typedef struct {name} {{";
        var body = header[(header.IndexOf(start, StringComparison.Ordinal) + start.Length)..header.IndexOf($"}} {name};", StringComparison.Ordinal)];
        var declared = Regex.Replace(body, @"/\*.*?\*/", "", RegexOptions.Singleline)
            .Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Sum(declaration => declaration.Split(',').Length);

        Assert.Equal(declared, Fields(type).Length);
    }

    /// <summary>A name of C# as C writes it.</summary>
    public static string Snake(string name) =>
        string.Concat(name.Select((c, i) => i > 0 && char.IsUpper(c) ? $"_{char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));

    private static FieldInfo[] Fields(Type type) => type.GetFields(BindingFlags.Instance | BindingFlags.Public);
}
