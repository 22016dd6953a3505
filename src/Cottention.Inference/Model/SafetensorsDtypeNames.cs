namespace Cottention.Inference.Model;

/// <summary>Names and sizes of <see cref="SafetensorsDtype"/> as the file format has them.</summary>
public static class SafetensorsDtypeNames
{
    private static readonly (SafetensorsDtype Dtype, string Name, int Bytes)[] Table =
    [
        (SafetensorsDtype.Bool, "BOOL", 1),
        (SafetensorsDtype.U8, "U8", 1),
        (SafetensorsDtype.I8, "I8", 1),
        (SafetensorsDtype.F8E5M2, "F8_E5M2", 1),
        (SafetensorsDtype.F8E4M3, "F8_E4M3", 1),
        (SafetensorsDtype.I16, "I16", 2),
        (SafetensorsDtype.U16, "U16", 2),
        (SafetensorsDtype.F16, "F16", 2),
        (SafetensorsDtype.BF16, "BF16", 2),
        (SafetensorsDtype.I32, "I32", 4),
        (SafetensorsDtype.U32, "U32", 4),
        (SafetensorsDtype.F32, "F32", 4),
        (SafetensorsDtype.I64, "I64", 8),
        (SafetensorsDtype.U64, "U64", 8),
        (SafetensorsDtype.F64, "F64", 8),
    ];

    /// <summary>Every name, for messages: <c>BOOL, U8, ...</c>.</summary>
    public static string All { get; } = string.Join(", ", Table.Select(row => row.Name));

    /// <summary>Bytes of one element: 1, 2, 4 or 8.</summary>
    public static int ByteSize(this SafetensorsDtype dtype) => Table[(int)dtype].Bytes;

    /// <summary>The name in a file's header, for example <c>BF16</c>.</summary>
    public static string FormatName(this SafetensorsDtype dtype) => Table[(int)dtype].Name;

    /// <summary>Finds a type by its name in a header; names are case-sensitive.</summary>
    public static bool TryParse(string name, out SafetensorsDtype dtype)
    {
        foreach (var row in Table)
            if (row.Name == name)
            {
                dtype = row.Dtype;
                return true;
            }
        dtype = default;
        return false;
    }
}
