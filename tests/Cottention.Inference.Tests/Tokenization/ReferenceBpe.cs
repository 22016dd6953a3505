using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Cottention.Inference.Tests.Tokenization;

/// <summary>
/// GPT-2's encoder, plainly: its regular expression over code points, and in each piece the pair of the lowest rank merged
/// wherever it stands, until no pair has a rank. Strings throughout; quadratic.
/// </summary>
internal sealed partial class ReferenceBpe
{
    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<(string, string), int> _ranks = [];
    private readonly string[] _byteTexts;

    /// <param name="ids">Token texts in GPT-2's printable alphabet.</param>
    /// <param name="merges">Pairs in the order of their ranks.</param>
    public ReferenceBpe(Dictionary<string, int> ids, IEnumerable<(string Left, string Right)> merges)
    {
        _ids = ids;
        foreach (var pair in merges)
            _ranks.Add(pair, _ranks.Count);
        _byteTexts = ByteTexts();
    }

    /// <summary>The tokens of a text, none of them a control token.</summary>
    public int[] Encode(string text) => [.. Pieces(text).SelectMany(EncodePiece)];

    /// <summary>The pieces within which pairs are merged.</summary>
    public static IEnumerable<string> Pieces(string text)
    {
        // One char for each code point, of the same class, so that .NET's expression sees what Python's would.
        var runes = text.EnumerateRunes().ToArray();
        var classes = new string([.. runes.Select(Class)]);
        return Gpt2Expression().Matches(classes).Select(match => string.Concat(runes.Skip(match.Index).Take(match.Length)));
    }

    private IEnumerable<int> EncodePiece(string piece)
    {
        var parts = Encoding.UTF8.GetBytes(piece).Select(value => _byteTexts[value]).ToList();
        while (true)
        {
            var pairs = parts.Zip(parts.Skip(1)).Where(_ranks.ContainsKey).ToList();
            if (pairs.Count == 0)
                return parts.Select(part => _ids[part]);
            var (left, right) = pairs.MinBy(pair => _ranks[pair]);
            for (var i = 0; i + 1 < parts.Count; i++)
            {
                if (parts[i] != left || parts[i + 1] != right)
                    continue;
                parts[i] = left + right;
                parts.RemoveAt(i + 1);
            }
        }
    }

    private static char Class(Rune rune)
    {
        if (rune.IsAscii)
            return (char)rune.Value;
        if (Rune.IsWhiteSpace(rune))
            return '\u00A0';
        return Rune.GetUnicodeCategory(rune) switch
        {
            <= UnicodeCategory.OtherLetter => 'é',
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => '²',
            _ => '§',
        };
    }

    private static string[] ByteTexts()
    {
        var texts = new string[256];
        var next = 256;
        for (var value = 0; value < 256; value++)
            texts[value] = ((char)(value is > 32 and < 127 or > 160 and not 173 ? value : next++)).ToString();
        return texts;
    }

    [GeneratedRegex(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")]
    private static partial Regex Gpt2Expression();
}
