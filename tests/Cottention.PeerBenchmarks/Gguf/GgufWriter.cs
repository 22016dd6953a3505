using System.Text;

namespace Cottention.PeerBenchmarks.Gguf;

/// <summary>Writes models with random weights as GGUF files, version 3. Layout: ggml's docs/gguf.md.</summary>
internal static class GgufWriter
{
    private const int Alignment = 32;
    private const int ChunkValues = 1 << 16;

    private enum ValueType : uint
    {
        UInt32 = 4,
        Float32 = 6,
        Bool = 7,
        String = 8,
    }

    /// <summary>Writes the file, unless a whole one lies there; a file with this name is always complete.</summary>
    /// <returns>Whether it was written.</returns>
    public static bool WriteIfMissing(string path, GgufModel model)
    {
        var header = Header(model);
        var bytes = header.Length + model.Tensors.Sum(tensor => Align(tensor.Bytes));
        if (File.Exists(path) && new FileInfo(path).Length == bytes)
            return false;
        // A name of this process: two of them may write the same file at once.
        var part = $"{path}.{Environment.ProcessId}.part";
        try
        {
            using (var file = new FileStream(part, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20))
            {
                file.Write(header);
                foreach (var tensor in model.Tensors)
                    WriteValues(file, tensor);
            }

            File.Move(part, path, overwrite: true);
        }
        finally
        {
            File.Delete(part);
        }

        return true;
    }

    private static byte[] Header(GgufModel model)
    {
        var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream, Encoding.UTF8);
        writer.Write("GGUF"u8);
        writer.Write(3u);
        writer.Write((ulong)model.Tensors.Count);
        writer.Write((ulong)model.Keys.Count);
        foreach (var (key, value) in model.Keys)
            WriteKey(writer, key, value);
        var offset = 0L;
        foreach (var tensor in model.Tensors)
        {
            WriteString(writer, tensor.Name);
            writer.Write(tensor.Shape.Length);
            foreach (var size in tensor.Shape)
                writer.Write(size);
            writer.Write((uint)tensor.Type);
            writer.Write(offset);
            offset += Align(tensor.Bytes);
        }

        writer.Flush();
        stream.SetLength(Align(stream.Length));
        return stream.ToArray();
    }

    private static void WriteKey(BinaryWriter writer, string key, object value)
    {
        WriteString(writer, key);
        switch (value)
        {
            case uint number:
                writer.Write((uint)ValueType.UInt32);
                writer.Write(number);
                break;
            case float number:
                writer.Write((uint)ValueType.Float32);
                writer.Write(number);
                break;
            case bool flag:
                writer.Write((uint)ValueType.Bool);
                writer.Write(flag);
                break;
            case string text:
                writer.Write((uint)ValueType.String);
                WriteString(writer, text);
                break;
            default:
                throw new ArgumentException($"key {key} is a {value.GetType().Name}; allowed: uint, float, bool, string", nameof(value));
        }
    }

    private static void WriteString(BinaryWriter writer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private static void WriteValues(FileStream file, GgufTensor tensor)
    {
        if (tensor.Shape[0] % GgufBlocks.Values(tensor.Type) != 0)
            throw new ArgumentException($"{tensor.Name}: rows of {tensor.Shape[0]} are no whole blocks of {tensor.Type}", nameof(tensor));
        var values = new float[ChunkValues];
        var bytes = new byte[GgufBlocks.Bytes(tensor.Type, ChunkValues)];
        var state = tensor.Seed();
        for (var done = 0L; done < tensor.Count; done += ChunkValues)
        {
            var count = (int)Math.Min(ChunkValues, tensor.Count - done);
            var size = (int)GgufBlocks.Bytes(tensor.Type, count);
            tensor.Fill(ref state, values.AsSpan(0, count));
            GgufBlocks.Encode(tensor.Type, values.AsSpan(0, count), bytes.AsSpan(0, size));
            file.Write(bytes, 0, size);
        }

        file.Write(new byte[Align(tensor.Bytes) - tensor.Bytes]);
    }

    private static long Align(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;
}
