namespace Cottention.Training.Data;

/// <summary>
/// The endless order in which a source's documents are trained on: each pass over them is shuffled anew. Any place in it
/// can be found from the seed and the number of documents taken before, so only that number has to be kept.
/// </summary>
internal sealed class DocumentOrder(int documents, ulong seed)
{
    private readonly int[] _order = new int[documents];
    private long _pass = -1;

    /// <summary>The document at a place.</summary>
    /// <param name="taken">Documents taken before, from 0.</param>
    public int this[long taken]
    {
        get
        {
            if (taken / documents != _pass)
                Shuffle(_pass = taken / documents);
            return _order[taken % documents];
        }
    }

    /// <summary>Fisher and Yates.</summary>
    private void Shuffle(long pass)
    {
        for (var i = 0; i < documents; i++)
            _order[i] = i;
        for (var i = documents - 1; i > 0; i--)
        {
            var other = Chance.Below(i + 1, seed, (ulong)pass, (ulong)i);
            (_order[i], _order[other]) = (_order[other], _order[i]);
        }
    }
}
