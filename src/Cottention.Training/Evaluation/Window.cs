namespace Cottention.Training.Evaluation;

/// <summary>Tokens that are read from position 0 and a zero state, of which the last are foretold.</summary>
/// <param name="Start">Index of the first token.</param>
/// <param name="Length">Tokens, at least 2; the last is foretold but not read.</param>
/// <param name="Counted">How many of them, from the end, count as foretold: 1 to Length - 1.</param>
internal readonly record struct Window(int Start, int Length, int Counted)
{
    /// <summary>Index after the last token.</summary>
    public int End => Start + Length;

    /// <summary>Index of the first token that counts.</summary>
    public int FirstCounted => End - Counted;

    /// <summary>All of a passage at once: every token but the first counts.</summary>
    public static Window Whole(int start, int length) => new(start, length, length - 1);

    /// <summary>
    /// A passage in windows, as models with a longest sequence are measured: each starts so many tokens after the one before it,
    /// and only tokens that no window before it has foretold count. So every token but the passage's first counts once.
    /// </summary>
    /// <param name="passage">The passage.</param>
    /// <param name="size">Tokens of a window.</param>
    /// <param name="stride">From the start of one window to that of the next, 1 to size - 1.</param>
    public static IEnumerable<Window> Slide(Window passage, int size, int stride)
    {
        var firstCounted = passage.FirstCounted;
        for (var start = passage.Start; firstCounted < passage.End; start += stride)
        {
            var end = Math.Min(start + size, passage.End);
            yield return new Window(start, end - start, end - firstCounted);
            firstCounted = end;
        }
    }
}
