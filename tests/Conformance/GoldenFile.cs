using System.Buffers.Binary;
using System.Text.Json;

namespace Cottention.Conformance;

/// <summary>
/// A safetensors file of the golden data, read whole. Deliberately its own small reader, so that a fault in the
/// product's reader cannot hide in the expected values.
/// </summary>
public sealed class GoldenFile
{
    private readonly byte[] _bytes;
    private readonly int _dataStart;
    private readonly Dictionary<string, (string Dtype, int[] Shape, int Begin, int End)> _tensors = [];

    private GoldenFile(byte[] bytes)
    {
        _bytes = bytes;
        var headerLength = checked((int)BinaryPrimitives.ReadInt64LittleEndian(bytes));
        _dataStart = 8 + headerLength;
        using var header = JsonDocument.Parse(bytes.AsMemory(8, headerLength));
        foreach (var entry in header.RootElement.EnumerateObject().Where(entry => entry.Name != "__metadata__"))
        {
            var shape = entry.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt32()).ToArray();
            var offsets = entry.Value.GetProperty("data_offsets");
            // A tensor without a dtype is no golden data.
            var dtype = entry.Value.GetProperty("dtype").GetString()!;
            _tensors[entry.Name] = (dtype, shape, offsets[0].GetInt32(), offsets[1].GetInt32());
        }
    }

    /// <summary>Opens a file under <c>tests/fixtures/golden</c>.</summary>
    public static GoldenFile Open(params string[] parts) => new(File.ReadAllBytes(Fixtures.Path(["golden", .. parts])));

    /// <summary>Whether the file holds the tensor.</summary>
    public bool Contains(string name) => _tensors.ContainsKey(name);

    /// <summary>The tensor's dimensions.</summary>
    public int[] Shape(string name) => _tensors[name].Shape;

    /// <summary>All values of a tensor of any dtype, in row-major order.</summary>
    public double[] Doubles(string name)
    {
        var (dtype, _, begin, end) = _tensors[name];
        var data = _bytes.AsSpan(_dataStart + begin, end - begin);
        var size = dtype switch { "F64" or "I64" => 8, "F32" => 4, _ => 2 };
        var values = new double[data.Length / size];
        for (var i = 0; i < values.Length; i++)
            values[i] = Decode(dtype, data[(i * size)..]);
        return values;
    }

    /// <summary>All values of a tensor, rounded to float32.</summary>
    public float[] Floats(string name) => Array.ConvertAll(Doubles(name), value => (float)value);

    /// <summary>All values of an integer tensor.</summary>
    public int[] Ints(string name) => Array.ConvertAll(Doubles(name), value => (int)value);

    private static double Decode(string dtype, ReadOnlySpan<byte> data) => dtype switch
    {
        "F64" => BinaryPrimitives.ReadDoubleLittleEndian(data),
        "F32" => BinaryPrimitives.ReadSingleLittleEndian(data),
        "F16" => (double)BinaryPrimitives.ReadHalfLittleEndian(data),
        "BF16" => BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadUInt16LittleEndian(data) << 16),
        "I64" => BinaryPrimitives.ReadInt64LittleEndian(data),
        _ => throw new NotSupportedException($"dtype {dtype} is not part of the golden data"),
    };
}
