using System.Buffers;
using System.Globalization;
using System.Text;

namespace Cottention.Inference.Tokenization;

/// <summary>
/// Splits text into the pieces within which byte pairs are merged, as GPT-2's regular expression does:
/// <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c>.
/// Written out because .NET's expressions see halves of a surrogate pair where GPT-2's see a letter. Linear in the text.
/// </summary>
public static class Gpt2Splitter
{
    private enum Kind
    {
        Space,
        Letter,
        Number,
        Other,
    }

    /// <summary>Length in chars of the piece that begins at <paramref name="start"/>; at least 1, inside the text.</summary>
    /// <param name="text">The whole text: what follows a piece may matter.</param>
    /// <param name="start">Where a piece begins, less than the length of the text.</param>
    public static int PieceLength(ReadOnlySpan<char> text, int start)
    {
        var rest = text[start..];
        var contraction = ContractionLength(rest);
        if (contraction > 0)
            return contraction;

        // A single blank belongs to the word behind it.
        var lead = rest[0] == ' ' ? 1 : 0;
        if (lead < rest.Length && KindAt(rest[lead..], out _) is var kind && kind != Kind.Space)
            return lead + RunLength(rest[lead..], kind);

        // White space leaves its last character to what follows, unless that is all there is.
        var spaces = RunLength(rest, Kind.Space);
        return spaces == rest.Length || spaces == 1 ? spaces : spaces - 1;
    }

    private static int ContractionLength(ReadOnlySpan<char> text)
    {
        if (text.Length < 2 || text[0] != '\'')
            return 0;
        if (text[1] is 's' or 't' or 'm' or 'd')
            return 2;
        return text.Length >= 3 && (text[1], text[2]) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? 3 : 0;
    }

    private static int RunLength(ReadOnlySpan<char> text, Kind kind)
    {
        var length = 0;
        while (length < text.Length && KindAt(text[length..], out var chars) == kind)
            length += chars;
        return length;
    }

    private static Kind KindAt(ReadOnlySpan<char> text, out int chars)
    {
        // Half a surrogate pair counts as U+FFFD, which is what it is encoded as.
        if (Rune.DecodeFromUtf16(text, out var rune, out chars) != OperationStatus.Done)
            return Kind.Other;
        if (Rune.IsWhiteSpace(rune))
            return Kind.Space;
        return Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
                or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => Kind.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Kind.Number,
            _ => Kind.Other,
        };
    }
}
