using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Cottention.Training.Text;

namespace Cottention.Training.Data;

/// <summary>
/// Turns sources into tokens, once: the result is kept in a folder under the source's name and the hashes of the text
/// and of the vocabulary, and is read from there the next time.
/// </summary>
internal sealed class TokenCache(string folder, CorpusTokenizer tokenizer)
{
    private const int MagicNumber = 0x31544f43; // "COT1"
    private const int HeaderInts = 3;
    private const int FingerprintBytes = 8;

    /// <summary>A source's documents as tokens.</summary>
    public DocumentSet Load(TextSource source)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, $"{source.Name}.{Fingerprint(source)}.tokens");
        if (File.Exists(path) && Read(source.Name, path) is { } kept)
            return kept;
        var made = DocumentSet.Tokenize(source, tokenizer);
        Write(made, path);
        return made;
    }

    private string Fingerprint(TextSource source)
    {
        using var file = File.OpenRead(source.Path);
        var both = SHA256.HashData([.. SHA256.HashData(file), .. tokenizer.Fingerprint]);
        return Convert.ToHexStringLower(both.AsSpan(0, FingerprintBytes));
    }

    private static void Write(DocumentSet set, string path)
    {
        var header = new byte[HeaderInts * sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(header, MagicNumber);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(4), set.Starts.Length);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), set.Tokens.Length);
        var temporary = path + ".tmp";
        using (var file = File.Create(temporary))
        {
            file.Write(header);
            file.Write(MemoryMarshal.AsBytes<int>(set.Starts));
            file.Write(MemoryMarshal.AsBytes<ushort>(set.Tokens));
        }
        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>Null when the file is not what <see cref="Write"/> left there.</summary>
    private static DocumentSet? Read(string name, string path)
    {
        using var file = File.OpenRead(path);
        var header = new byte[HeaderInts * sizeof(int)];
        if (file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) < header.Length)
            return null;
        long starts = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(4)), tokens = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(8));
        if (BinaryPrimitives.ReadInt32LittleEndian(header) != MagicNumber || starts < 1 || tokens < 0
            || file.Length != header.Length + starts * sizeof(int) + tokens * sizeof(ushort))
            return null;
        var set = new DocumentSet(name, new ushort[tokens], new int[starts]);
        file.ReadExactly(MemoryMarshal.AsBytes(set.Starts.AsSpan()));
        file.ReadExactly(MemoryMarshal.AsBytes(set.Tokens.AsSpan()));
        return set;
    }
}
