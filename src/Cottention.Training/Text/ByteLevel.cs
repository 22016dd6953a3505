using System.Collections.Frozen;
using System.Text;
using System.Text.RegularExpressions;

namespace Cottention.Training.Text;

/// <summary>The byte-level conventions of GPT-2: how text is cut into words, and one visible character for each byte.</summary>
internal static partial class ByteLevel
{
    /// <summary>Every byte's character in vocab.json and merges.txt, indexed by byte.</summary>
    public static IReadOnlyList<char> Characters { get; } = BuildCharacters();

    private static readonly FrozenDictionary<char, byte> Bytes =
        Characters.Select((character, index) => KeyValuePair.Create(character, (byte)index)).ToFrozenDictionary();

    /// <summary>Words with their leading space, numbers, runs of signs, runs of white space. No token crosses a word's bounds.</summary>
    [GeneratedRegex(@"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", RegexOptions.CultureInvariant)]
    public static partial Regex Words();

    /// <summary>Text as characters of the table, one for each UTF-8 byte.</summary>
    public static string Encode(ReadOnlySpan<char> text)
    {
        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
        return Encode(bytes.AsSpan(0, Encoding.UTF8.GetBytes(text, bytes)));
    }

    /// <summary>Bytes as characters of the table.</summary>
    public static string Encode(ReadOnlySpan<byte> bytes)
    {
        var characters = new char[bytes.Length];
        for (var i = 0; i < bytes.Length; i++)
            characters[i] = Characters[bytes[i]];
        return new string(characters);
    }

    /// <summary>The bytes behind characters of the table.</summary>
    /// <exception cref="KeyNotFoundException">A character is not in the table.</exception>
    public static byte[] Decode(string characters) => [.. characters.Select(character => Bytes[character])];

    /// <summary>Printable Latin-1 bytes stand for themselves; the others take the characters from U+0100 on, in order.</summary>
    private static char[] BuildCharacters()
    {
        var characters = new char[256];
        var next = 256;
        for (var value = 0; value < 256; value++)
            characters[value] = value is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE and <= 0xFF ? (char)value : (char)next++;
        return characters;
    }
}
