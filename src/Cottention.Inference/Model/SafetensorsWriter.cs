using System.Buffers.Binary;
using System.Text.Json;

namespace Cottention.Inference.Model;

/// <summary>
/// Writes a safetensors file: tensors stream into a temporary file beside the target, which is flushed to the disk and
/// then renamed over it, so that the target is the old file or the whole new one.
/// </summary>
public static class SafetensorsWriter
{
    /// <summary>Key of the header's free text.</summary>
    internal const string MetadataKey = "__metadata__";

    /// <summary>Bytes the data section is aligned to.</summary>
    private const int Alignment = 8;

    private const int BufferBytes = 1 << 20;

    /// <summary>
    /// Writes the tensors to <paramref name="path"/>. Their order in the file is by element size, widest first, and then
    /// by name, which keeps every tensor aligned to its element.
    /// </summary>
    /// <exception cref="ArgumentException">Two tensors have one name, or a shape is negative.</exception>
    /// <exception cref="InvalidOperationException">A tensor wrote more or fewer bytes than its shape asks for.</exception>
    /// <exception cref="IOException">The disk failed; the target is as it was.</exception>
    public static void Write(
        string path, IReadOnlyList<TensorToWrite> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var ordered = tensors.OrderByDescending(t => t.Dtype.ByteSize()).ThenBy(t => t.Name, StringComparer.Ordinal).ToArray();
        var header = Header(ordered, metadata);
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, BufferBytes))
            {
                file.Write(header);
                foreach (var tensor in ordered)
                    WriteTensor(file, tensor);
                file.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private static void WriteTensor(FileStream file, TensorToWrite tensor)
    {
        var start = file.Position;
        tensor.WriteTo(file);
        var written = file.Position - start;
        if (written != tensor.ByteLength)
            throw new InvalidOperationException(
                $"Tensor '{tensor.Name}' wrote {written} bytes; its shape and type ask for {tensor.ByteLength}.");
    }

    /// <summary>The length field and the JSON, padded with spaces.</summary>
    private static byte[] Header(TensorToWrite[] tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        using var buffer = new MemoryStream();
        buffer.Write(new byte[sizeof(long)]);
        using (var json = new Utf8JsonWriter(buffer))
            WriteJson(json, tensors, metadata);
        while (buffer.Length % Alignment != 0)
            buffer.WriteByte((byte)' ');
        var header = buffer.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(header, header.Length - sizeof(long));
        return header;
    }

    private static void WriteJson(Utf8JsonWriter json, TensorToWrite[] tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        var names = new HashSet<string>(StringComparer.Ordinal) { MetadataKey };
        json.WriteStartObject();
        if (metadata is not null)
        {
            json.WriteStartObject(MetadataKey);
            foreach (var (key, value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                json.WriteString(key, value);
            json.WriteEndObject();
        }
        var offset = 0L;
        foreach (var tensor in tensors)
        {
            if (!names.Add(tensor.Name))
                throw new ArgumentException($"Tensor name '{tensor.Name}' is taken.", nameof(tensors));
            WriteEntry(json, tensor, ref offset);
        }
        json.WriteEndObject();
    }

    private static void WriteEntry(Utf8JsonWriter json, TensorToWrite tensor, ref long offset)
    {
        json.WriteStartObject(tensor.Name);
        json.WriteString("dtype", tensor.Dtype.FormatName());
        json.WriteStartArray("shape");
        foreach (var size in tensor.Shape)
        {
            if (size < 0)
                throw new ArgumentException($"Tensor '{tensor.Name}' has size {size}; allowed: 0 and more.", nameof(tensor));
            json.WriteNumberValue(size);
        }
        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(offset);
        json.WriteNumberValue(offset = checked(offset + tensor.ByteLength));
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
