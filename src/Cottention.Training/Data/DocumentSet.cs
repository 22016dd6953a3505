namespace Cottention.Training.Data;

/// <summary>A source's documents as tokens, one after another; each ends in the end of text.</summary>
/// <param name="Name">The source's name.</param>
/// <param name="Tokens">All tokens.</param>
/// <param name="Starts">Where each document starts, and at the end the number of tokens.</param>
internal sealed record DocumentSet(string Name, ushort[] Tokens, int[] Starts)
{
    public int Count => Starts.Length - 1;

    public ReadOnlySpan<ushort> this[int document] => Tokens.AsSpan(Starts[document]..Starts[document + 1]);
}
