using System.Text;

namespace Cottention.Inference.Tests.Model;

/// <summary>Makes a random well-formed safetensors header and damages it in up to three ways.</summary>
internal static class HeaderMutations
{
    private static readonly string[] Dtypes = ["F32", "F16", "BF16", "U8", "I64", "BOOL"];
    private static readonly int[] Sizes = [4, 2, 2, 1, 8, 1];

    /// <summary>Numbers at which arithmetic tends to go wrong.</summary>
    private static readonly string[] Numbers =
    [
        "-1", "0", "1", "-0", "2147483647", "2147483648", "4294967296", "9223372036854775807", "9223372036854775808",
        "18446744073709551615", "18446744073709551616", "1e308", "1e-5", "0.5", "1152921504606846976", "99999999999999999999999999",
    ];

    private static readonly string[] Tokens =
    [
        "{", "}", "[", "]", ":", ",", "\"", "\\", "\\u0000", "\\ud800", "null", "true", "\"a\"", "{}", "[]", "\"dtype\":\"F32\",",
        "\"shape\":[1],", "\"data_offsets\":[0,0],", "\"__metadata__\":{},", "\"t0\":{},", "//", "\0", "\t", " ", "[[[[", "\u00e9", "\ud83d\ude00",
    ];

    public static (byte[] Header, int DataLength) Generate(Random random)
    {
        var (text, dataLength) = WellFormed(random);
        for (var i = random.Next(4); i > 0; i--)
            text = MutateText(random, text);
        var bytes = Encoding.UTF8.GetBytes(text);
        if (random.Next(4) == 0 && bytes.Length > 0)
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        if (random.Next(8) == 0)
            dataLength = Math.Max(0, dataLength + random.Next(-3, 4));
        return (bytes, dataLength);
    }

    private static (string Text, int DataLength) WellFormed(Random random)
    {
        var entries = new List<string>();
        var offset = 0;
        for (var i = random.Next(5); i > 0; i--)
        {
            var type = random.Next(Dtypes.Length);
            int[] shape = [.. Enumerable.Range(0, random.Next(4)).Select(_ => random.Next(5))];
            var end = offset + Sizes[type] * shape.Aggregate(1, (a, b) => a * b);
            entries.Add($$"""
                "t{{i}}":{"dtype":"{{Dtypes[type]}}","shape":[{{string.Join(',', shape)}}],"data_offsets":[{{offset}},{{end}}]}
                """);
            offset = end;
        }
        if (random.Next(2) == 0)
            entries.Add("""
                "__metadata__":{"format":"pt"}
                """);
        return ($"{{{string.Join(',', entries.OrderBy(_ => random.Next()))}}}" + new string(' ', random.Next(3)), offset);
    }

    private static string MutateText(Random random, string text)
    {
        var at = random.Next(text.Length + 1);
        var length = random.Next(Math.Min(20, text.Length - at) + 1);
        return random.Next(6) switch
        {
            0 => text.Insert(at, Tokens[random.Next(Tokens.Length)]),
            1 => text.Remove(at, length),
            2 => text.Insert(random.Next(text.Length + 1), text.Substring(at, length)),
            3 => text[..at],
            4 => ReplaceNumber(random, text),
            _ => RepeatEntry(random, text),
        };
    }

    private static string ReplaceNumber(Random random, string text)
    {
        var digits = Enumerable.Range(0, text.Length).Where(i => char.IsAsciiDigit(text[i])).ToArray();
        if (digits.Length == 0)
            return text;
        int start = digits[random.Next(digits.Length)], end = start;
        while (end < text.Length && char.IsAsciiDigit(text[end]))
            end++;
        return string.Concat(text.AsSpan(0, start), Numbers[random.Next(Numbers.Length)], text.AsSpan(end));
    }

    private static string RepeatEntry(Random random, string text)
    {
        var names = Enumerable.Range(0, text.Length).Where(i => text.AsSpan(i).StartsWith("\"t")).ToArray();
        if (names.Length == 0)
            return text;
        var start = names[random.Next(names.Length)];
        var end = text.IndexOf('}', start);
        return end < 0 ? text : text.Insert(start, text[start..(end + 1)] + ",");
    }
}
