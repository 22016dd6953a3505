using System.Text.Json;

namespace Cottention.Inference.Model;

/// <summary>
/// Reads the JSON of a safetensors header: <c>{"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...}</c>
/// and an optional <c>__metadata__</c> of strings. Anything else in it is refused.
/// </summary>
internal ref struct SafetensorsHeaderParser
{
    /// <summary>Nesting of a well-formed header: object, entry, array.</summary>
    private const int MaxDepth = 3;

    private readonly string _file;
    private readonly Dictionary<string, TensorInfo> _tensors = new(StringComparer.Ordinal);
    private Dictionary<string, string>? _metadata;
    private Utf8JsonReader _reader;

    /// <summary>A parser of one header.</summary>
    public SafetensorsHeaderParser(string file, ReadOnlySpan<byte> json)
    {
        _file = file;
        _reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
    }

    /// <summary>The tensors in header order and the metadata. The tensors' places in the data are not compared here.</summary>
    public (TensorInfo[] Tensors, Dictionary<string, string> Metadata) Parse()
    {
        try
        {
            Advance();
            Expect(JsonTokenType.StartObject, null, "the header", "an object");
            while (NextProperty(null, "the header", out var name))
                if (name == SafetensorsWriter.MetadataKey)
                    ReadMetadata();
                else if (!_tensors.TryAdd(name, ReadTensor(name)))
                    throw Fault(name, "is in the header twice");
            // Only spaces may follow; anything else throws.
            _reader.Read();
        }
        catch (JsonException e)
        {
            throw ModelFault.Of(_file, null, $"the header is not valid JSON: {e.Message}", e);
        }
        return ([.. _tensors.Values], _metadata ?? []);
    }

    private void ReadMetadata()
    {
        if (_metadata is not null)
            throw Fault(null, "__metadata__ is in the header twice");
        _metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        Advance();
        Expect(JsonTokenType.StartObject, null, "__metadata__", "an object of strings");
        while (NextProperty(null, "__metadata__", out var key))
        {
            Advance();
            Expect(JsonTokenType.String, null, $"__metadata__ '{ModelFault.Shorten(key)}'", "a string");
            if (!_metadata.TryAdd(key, Text(null, "__metadata__")))
                throw Fault(null, $"__metadata__ has '{ModelFault.Shorten(key)}' twice");
        }
    }

    private TensorInfo ReadTensor(string name)
    {
        SafetensorsDtype? dtype = null;
        List<long>? shape = null, offsets = null;
        Advance();
        Expect(JsonTokenType.StartObject, name, "its entry", "an object");
        while (NextProperty(name, "its entry", out var key))
        {
            Advance();
            if (key == "dtype" && dtype is null)
                dtype = ReadDtype(name);
            else if (key == "shape" && shape is null)
                shape = ReadNumbers(name, key, SafetensorsHeader.MaxRank);
            else if (key == "data_offsets" && offsets is null)
                offsets = ReadNumbers(name, key, 2);
            else if (key is "dtype" or "shape" or "data_offsets")
                throw Fault(name, $"{key} is given twice");
            else
                throw Fault(name, $"has '{ModelFault.Shorten(key)}'; allowed: dtype, shape, data_offsets");
        }
        if (dtype is null || shape is null || offsets is null)
            throw Fault(name, $"{(dtype is null ? "dtype" : shape is null ? "shape" : "data_offsets")} is missing");
        return Check(name, dtype.Value, shape, offsets);
    }

    private readonly TensorInfo Check(string name, SafetensorsDtype dtype, List<long> shape, List<long> offsets)
    {
        if (offsets.Count != 2 || offsets[1] < offsets[0])
            throw Fault(name, $"data_offsets are {ModelFault.ShapeText(offsets)}; allowed: a begin and an end not before it");
        long bytes = dtype.ByteSize();
        foreach (var size in shape)
            if (Math.BigMul(bytes, size, out bytes) != 0 || bytes < 0)
                throw Fault(name, $"shape {ModelFault.ShapeText(shape)} asks for more than 2^63 - 1 bytes");
        if (offsets[1] - offsets[0] != bytes)
            throw Fault(name,
                $"data_offsets hold {offsets[1] - offsets[0]} bytes; {dtype.FormatName()} {ModelFault.ShapeText(shape)} needs {bytes}");
        return new TensorInfo(name, dtype, shape.ToArray(), offsets[0], bytes);
    }

    private SafetensorsDtype ReadDtype(string name)
    {
        Expect(JsonTokenType.String, name, "dtype", "a string");
        var text = Text(name, "dtype");
        return SafetensorsDtypeNames.TryParse(text, out var dtype)
            ? dtype
            : throw Fault(name, $"dtype is '{ModelFault.Shorten(text)}'; allowed: {SafetensorsDtypeNames.All}");
    }

    private List<long> ReadNumbers(string name, string key, int most)
    {
        var numbers = new List<long>();
        Expect(JsonTokenType.StartArray, name, key, "an array");
        for (Advance(); _reader.TokenType != JsonTokenType.EndArray; Advance())
        {
            if (_reader.TokenType != JsonTokenType.Number || !_reader.TryGetInt64(out var number) || number < 0)
                throw Fault(name, $"{key} holds {Token()}; allowed: whole numbers from 0 to 2^63 - 1");
            if (numbers.Count == most)
                throw Fault(name, $"{key} has more than {most} numbers");
            numbers.Add(number);
        }
        return numbers;
    }

    /// <summary>Moves to the next property name of the current object; false at its end.</summary>
    private bool NextProperty(string? tensor, string what, out string key)
    {
        Advance();
        key = _reader.TokenType == JsonTokenType.PropertyName ? Text(tensor, $"a key of {what}") : "";
        return _reader.TokenType == JsonTokenType.PropertyName;
    }

    private void Advance()
    {
        if (!_reader.Read())
            throw Fault(null, "the header ends early");
    }

    private string Text(string? tensor, string what)
    {
        try
        {
            return _reader.GetString()!; // null only at a null token
        }
        catch (InvalidOperationException e)
        {
            throw ModelFault.Of(_file, tensor, $"{what} is not valid Unicode", e);
        }
    }

    private readonly void Expect(JsonTokenType type, string? tensor, string what, string allowed)
    {
        if (_reader.TokenType != type)
            throw Fault(tensor, $"{what} is {Token()}; allowed: {allowed}");
    }

    private readonly string Token() => _reader.TokenType switch
    {
        JsonTokenType.Number => System.Text.Encoding.ASCII.GetString(_reader.ValueSpan[..Math.Min(_reader.ValueSpan.Length, 40)]),
        JsonTokenType.String => "a string",
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.True => "true",
        JsonTokenType.False => "false",
        JsonTokenType.Null => "null",
        var other => other.ToString(),
    };

    private readonly InferenceException Fault(string? tensor, string reason) => ModelFault.Of(_file, tensor, reason);
}
