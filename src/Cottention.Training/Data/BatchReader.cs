namespace Cottention.Training.Data;

/// <summary>
/// Cuts documents into segments of T tokens for B rows. A row lives for some segments in which its state and position are
/// carried on, document after document, so that the model learns to go on far past T; then it starts at position 0 again.
/// Half of the lives begin with the end of text, as a model that is given nothing begins with it.
/// </summary>
internal sealed class BatchReader
{
    private readonly (int Segments, double Share)[] _lives;

    private const ulong LifeDraw = 1, EndOfTextDraw = 2, ContinueDraw = 3;

    private readonly IReadOnlyList<DocumentSet> _sets;
    private readonly DocumentOrder[] _orders;
    private readonly double[] _shares;
    private readonly long[] _taken;
    private readonly long[] _tokensTaken;
    private readonly RowPosition[] _rows;
    private readonly int _length;
    private readonly int _endOfText;
    private readonly ulong _seed;

    /// <param name="sets">What to train on.</param>
    /// <param name="weights">Each set's share of the tokens, relative to the others.</param>
    /// <param name="rows">B.</param>
    /// <param name="length">T.</param>
    /// <param name="endOfText">Id of the token that ends a document.</param>
    /// <param name="seed">Decides every draw.</param>
    /// <param name="longestLife">Most segments a state is carried through; 1 for never.</param>
    public BatchReader(
        IReadOnlyList<DocumentSet> sets, IReadOnlyList<double> weights, int rows, int length, int endOfText, ulong seed, int longestLife)
    {
        (_sets, _length, _endOfText, _seed) = (sets, length, endOfText, seed);
        _lives = [.. LivesUpTo(longestLife)];
        _orders = [.. sets.Select((set, index) => new DocumentOrder(set.Count, Chance.Mix(seed ^ (ulong)index)))];
        _shares = [.. weights.Select(weight => weight / weights.Sum())];
        _taken = new long[sets.Count];
        _tokensTaken = new long[sets.Count];
        _rows = new RowPosition[rows];
        for (var row = 0; row < rows; row++)
            _rows[row] = TakeDocument(_rows[row]);
    }

    /// <summary>Everything that has to be kept to go on at the same place.</summary>
    public BatchReaderState State
    {
        get => new([.. _taken], [.. _tokensTaken], [.. _rows]);
        set
        {
            value.Taken.CopyTo(_taken, 0);
            value.TokensTaken.CopyTo(_tokensTaken, 0);
            value.Rows.CopyTo(_rows, 0);
        }
    }

    /// <summary>Tokens of each set that were taken so far; documents that were dropped in part count whole.</summary>
    public IReadOnlyList<long> TokensTaken => _tokensTaken;

    /// <summary>The next segment of every row.</summary>
    public SegmentBatch Next()
    {
        var batch = new SegmentBatch(new long[_rows.Length * (_length + 1)], new bool[_rows.Length]);
        for (var row = 0; row < _rows.Length; row++)
        {
            var tokens = batch.Tokens.AsSpan(row * (_length + 1), _length + 1);
            batch.Fresh[row] = _rows[row].SegmentsLeft == 0;
            var filled = batch.Fresh[row] ? BeginLife(row, tokens) : 0;
            Fill(row, tokens, filled);
        }
        return batch;
    }

    /// <summary>Starts at position 0. Returns the tokens written.</summary>
    private int BeginLife(int row, Span<long> tokens)
    {
        var (id, life) = ((ulong)row, (ulong)_rows[row].Life);
        var rest = _sets[_rows[row].Source][Document(row)].Length - _rows[row].Offset;
        // A long document is read to its end over several lives; a short rest is dropped half of the time.
        var fresh = _rows[row].Offset == 0;
        if (!fresh && rest <= _length && Chance.Unit(_seed, id, life * 4 + ContinueDraw) < 0.5)
        {
            _rows[row] = TakeDocument(_rows[row]);
            fresh = true;
        }
        _rows[row] = _rows[row] with { Life = _rows[row].Life + 1, SegmentsLeft = DrawLife(Chance.Unit(_seed, id, life * 4 + LifeDraw)) };
        if (!fresh || Chance.Unit(_seed, id, life * 4 + EndOfTextDraw) < 0.5)
            return 0;
        tokens[0] = _endOfText;
        return 1;
    }

    private int DrawLife(double unit)
    {
        var place = unit * _lives.Sum(life => life.Share);
        foreach (var (segments, share) in _lives)
            if ((place -= share) < 0)
                return segments;
        return _lives[^1].Segments;
    }

    /// <summary>
    /// Lives of 1, 2, 4, 8 ... segments and how often each is drawn. Those of 2^k segments get 1 / (k + 1) as many segments of the
    /// training as those of one.
    /// </summary>
    private static IEnumerable<(int Segments, double Share)> LivesUpTo(int longest)
    {
        for (var k = 0; 1 << k <= longest; k++)
            yield return (1 << k, 1.0 / (1 << k) / (k + 1));
    }

    /// <summary>Fills the rest of the row; the last token is read again as the first of the next segment.</summary>
    private void Fill(int row, Span<long> tokens, int filled)
    {
        while (filled < tokens.Length)
        {
            var document = _sets[_rows[row].Source][Document(row)][_rows[row].Offset..];
            var count = Math.Min(document.Length, tokens.Length - filled);
            for (var i = 0; i < count; i++)
                tokens[filled + i] = document[i];
            filled += count;
            // The target of the segment's last token is not consumed yet.
            var consumed = filled == tokens.Length ? count - 1 : count;
            _rows[row] = _rows[row] with { Offset = _rows[row].Offset + consumed };
            if (filled < tokens.Length)
                _rows[row] = TakeDocument(_rows[row]);
        }
        _rows[row] = _rows[row] with { SegmentsLeft = _rows[row].SegmentsLeft - 1 };
    }

    private int Document(int row) => _orders[_rows[row].Source][_rows[row].Taken];

    /// <summary>The next document of the source that is furthest behind its share.</summary>
    private RowPosition TakeDocument(RowPosition row)
    {
        var total = _tokensTaken.Sum() + 1;
        var source = Enumerable.Range(0, _sets.Count).MaxBy(s => _shares[s] * total - _tokensTaken[s]);
        var taken = _taken[source]++;
        _tokensTaken[source] += _sets[source][_orders[source][taken]].Length;
        return row with { Source = source, Taken = taken, Offset = 0 };
    }
}
