using Cottention.Conformance;
using System.Text;
using Cottention.Inference.Sampling;

namespace Cottention.Inference.Tests.Sampling;

public sealed class StopMatcherTests
{
    [Fact]
    public void Append_RandomTextsAndSplits_AgreesWithBruteForce()
    {
        var random = new Random(1);
        var (matches, misses) = (0, 0);
        for (var round = 0; round < 20_000; round++)
        {
            var letters = 1 + random.Next(3);
            var stops = Enumerable.Range(0, 1 + random.Next(4)).Select(_ => Text(random, letters, 1 + random.Next(6))).ToArray();
            var text = Text(random, letters, random.Next(30));

            var expected = BruteForce(text, stops);
            var (emitted, matched, after) = Feed(random, text, stops);

            Assert.Equal(expected.Before, emitted);
            Assert.Equal(expected.Stop, matched is null ? null : stops[matched.Value]);
            if (matched is not null)
                Assert.Equal(text.Length - expected.Before.Length - expected.Stop!.Length, after);
            _ = matched is null ? misses++ : matches++;
        }

        Assert.True(matches > 2000 && misses > 2000, $"{matches} matches, {misses} misses");
    }

    [Fact]
    public void Append_StopSpansTokens_EmitsNothingOfIt()
    {
        var matcher = new StopMatcher(["\nUser:"]);
        var emit = new byte[64];

        Assert.False(matcher.Append("Hi.\nUs"u8, emit, out var emitted));
        Assert.Equal("Hi.", Encoding.UTF8.GetString(emit, 0, emitted));
        Assert.Equal("\nUs"u8.ToArray(), matcher.HeldBytes.ToArray());
        Assert.True(matcher.Append("er: what"u8, emit, out emitted));
        Assert.Equal(0, emitted);
        Assert.Equal(0, matcher.MatchedStop);
        Assert.Equal(" what".Length, matcher.BytesAfterMatch);
    }

    [Fact]
    public void Append_HeldTextTurnsOutHarmless_IsReleasedInOrder()
    {
        var matcher = new StopMatcher(["aab"]);
        var emit = new byte[64];

        Assert.False(matcher.Append("xaa"u8, emit, out var emitted));
        Assert.Equal("x", Encoding.UTF8.GetString(emit, 0, emitted));
        Assert.False(matcher.Append("ac"u8, emit, out emitted));
        Assert.Equal("aaac", Encoding.UTF8.GetString(emit, 0, emitted));
    }

    [Fact]
    public void Append_TwoStringsEndTogether_TheLongerOneCounts()
    {
        var matcher = new StopMatcher(["b", "ab", "cab"]);
        var emit = new byte[64];

        Assert.True(matcher.Append("xab"u8, emit, out var emitted));

        Assert.Equal("x", Encoding.UTF8.GetString(emit, 0, emitted));
        Assert.Equal(1, matcher.MatchedStop);
    }

    [Fact]
    public void Append_ShorterStringEndsFirst_TheLongerOneIsNotWaitedFor()
    {
        var matcher = new StopMatcher(["abcd", "bc"]);
        var emit = new byte[64];

        Assert.True(matcher.Append("abcd"u8, emit, out var emitted));

        Assert.Equal("a", Encoding.UTF8.GetString(emit, 0, emitted));
        Assert.Equal(1, matcher.BytesAfterMatch);
    }

    [Fact]
    public void Flush_HeldText_IsReleasedAndForgotten()
    {
        var matcher = new StopMatcher(["stop"]);
        var emit = new byte[64];
        matcher.Append("to sto"u8, emit, out _);

        Assert.Equal(3, matcher.Flush(emit));
        Assert.Equal("sto", Encoding.UTF8.GetString(emit, 0, 3));
        Assert.Equal(0, matcher.Flush(emit));
        Assert.False(matcher.Append("p"u8, emit, out var emitted));
        Assert.Equal(1, emitted);
    }

    [Fact]
    public void Append_LongestStrings_HoldAtMost255Bytes()
    {
        var stop = new string('a', StopMatcher.MaxStopBytes - 1) + "b";
        var matcher = new StopMatcher([.. Enumerable.Repeat(stop, StopMatcher.MaxStops)]);
        var emit = new byte[2000];
        var total = 0;

        for (var i = 0; i < 1000; i++)
        {
            Assert.False(matcher.Append("a"u8, emit, out var emitted));
            total += emitted;
        }

        Assert.Equal(StopMatcher.MaxStopBytes - 1, matcher.HeldBytes.Length);
        Assert.Equal(1000 - matcher.HeldBytes.Length, total);
        Assert.True(matcher.Append("b"u8, emit, out var last));
        Assert.Equal(0, last);
    }

    [Fact]
    public void Append_AfterAMatch_Throws()
    {
        var matcher = new StopMatcher(["a"]);
        matcher.Append("a"u8, new byte[8], out _);

        Assert.Throws<InvalidOperationException>(() => matcher.Append("b"u8, new byte[8], out _));
    }

    [Fact]
    public void Append_NoStops_PassesEverythingOn()
    {
        var emit = new byte[8];

        Assert.False(new StopMatcher([]).Append("abc"u8, emit, out var emitted));

        Assert.Equal(3, emitted);
    }

    [Fact]
    public void Append_InSteadyState_AllocatesNothing()
    {
        var matcher = new StopMatcher(["aaab", "ba", "€€"]);
        var emit = new byte[64];
        matcher.Append("aa€b€"u8, emit, out _);

        var allocated = Allocations.Of(() =>
        {
            for (var i = 0; i < 1000; i++)
                matcher.Append("aa€b€"u8, emit, out _);
        });

        Assert.Equal(0, allocated);
    }

    [Fact]
    public void Validate_FaultyStrings_AreNamedOneByOne()
    {
        var violations = new List<FieldViolation>();

        StopMatcher.Validate(["ok", "", new string('é', 129), "\uD83D", "\uDE00x", new string('é', 128)], violations);

        Assert.Equal(
            [
                new FieldViolation("stop[1]", "has 0 bytes of UTF-8; allowed: 1 to 256"),
                new FieldViolation("stop[2]", "has 258 bytes of UTF-8; allowed: 1 to 256"),
                new FieldViolation("stop[3]", "holds half a surrogate pair; allowed: valid Unicode"),
                new FieldViolation("stop[4]", "holds half a surrogate pair; allowed: valid Unicode"),
            ],
            violations);
    }

    [Fact]
    public void Validate_TooManyStrings_IsOneViolation()
    {
        var violations = new List<FieldViolation>();

        StopMatcher.Validate([.. Enumerable.Repeat("a", 17)], violations);

        Assert.Equal([new FieldViolation("stop", "has 17 entries; allowed: 0 to 16")], violations);
        Assert.Throws<ArgumentException>(() => new StopMatcher([.. Enumerable.Repeat("a", 17)]));
    }

    // The match that ends first; of those that end there the one that starts first.
    private static (string Before, string? Stop) BruteForce(string text, string[] stops)
    {
        for (var end = 1; end <= text.Length; end++)
        {
            var stop = stops.Where(text[..end].EndsWith).MaxBy(candidate => candidate.Length);
            if (stop is not null)
                return (text[..(end - stop.Length)], stop);
        }

        return (text, null);
    }

    private static (string Emitted, int? Matched, int After) Feed(Random random, string text, string[] stops)
    {
        var matcher = new StopMatcher(stops);
        var emitted = new List<byte>();
        var bytes = Encoding.UTF8.GetBytes(text);
        var consumed = 0;
        while (consumed < bytes.Length)
        {
            var piece = bytes.AsSpan(consumed, 1 + random.Next(bytes.Length - consumed));
            consumed += piece.Length;
            var emit = new byte[matcher.HeldBytes.Length + piece.Length];
            var matched = matcher.Append(piece, emit, out var count);
            emitted.AddRange(emit[..count]);
            if (matched)
                return (Encoding.UTF8.GetString([.. emitted]), matcher.MatchedStop, matcher.BytesAfterMatch + bytes.Length - consumed);
        }

        var rest = new byte[matcher.HeldBytes.Length];
        emitted.AddRange(rest[..matcher.Flush(rest)]);
        return (Encoding.UTF8.GetString([.. emitted]), null, 0);
    }

    private static string Text(Random random, int letters, int length) =>
        new([.. Enumerable.Range(0, length).Select(_ => (char)('a' + random.Next(letters)))]);
}
