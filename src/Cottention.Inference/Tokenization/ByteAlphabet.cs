namespace Cottention.Inference.Tokenization;

/// <summary>
/// The printable character that stands for each byte in the files of a byte-level BPE: <c>bytes_to_unicode</c> of GPT-2's encoder.
/// Printable Latin-1 bytes stand for themselves, the others, in order, for U+0100 and up.
/// </summary>
public static class ByteAlphabet
{
    private const short None = -1;

    private static readonly char[] Characters = BuildCharacters();
    private static readonly short[] Bytes = BuildBytes();

    /// <summary>The character of a byte.</summary>
    public static char ToChar(byte value) => Characters[value];

    /// <summary>The characters of bytes.</summary>
    public static string ToText(ReadOnlySpan<byte> bytes)
    {
        var text = new char[bytes.Length];
        for (var i = 0; i < bytes.Length; i++)
            text[i] = ToChar(bytes[i]);
        return new string(text);
    }

    /// <summary>The bytes of characters; false where one of them stands for no byte.</summary>
    /// <param name="text">Characters.</param>
    /// <param name="bytes">As long as <paramref name="text"/>.</param>
    public static bool TryToBytes(ReadOnlySpan<char> text, Span<byte> bytes)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] >= Bytes.Length || Bytes[text[i]] == None)
                return false;
            bytes[i] = (byte)Bytes[text[i]];
        }

        return true;
    }

    private static char[] BuildCharacters()
    {
        var characters = new char[256];
        var next = '\u0100';
        for (var value = 0; value < characters.Length; value++)
        {
            var printable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            characters[value] = printable ? (char)value : next++;
        }

        return characters;
    }

    private static short[] BuildBytes()
    {
        var bytes = new short[Characters.Max() + 1];
        Array.Fill(bytes, None);
        for (var value = 0; value < Characters.Length; value++)
            bytes[Characters[value]] = (short)value;
        return bytes;
    }
}
