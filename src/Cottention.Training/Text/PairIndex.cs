using System.Runtime.InteropServices;

namespace Cottention.Training.Text;

/// <summary>Counts the pairs of neighbouring tokens of all words, and knows in which words each one may be found.</summary>
internal sealed class PairIndex
{
    private readonly List<CountedWord> _words;
    private readonly Dictionary<(int Left, int Right), long> _counts = [];
    private readonly Dictionary<(int Left, int Right), HashSet<int>> _places = [];
    private readonly HashSet<(int Left, int Right)> _forbidden = [];

    // Counts may be old here; an entry that no longer holds is put back with the count of now when it comes up.
    private readonly PriorityQueue<(int Left, int Right), (long Count, int Left, int Right)> _queue = new();

    public PairIndex(List<CountedWord> words)
    {
        _words = words;
        for (var word = 0; word < words.Count; word++)
            Count(word, +1);
        foreach (var pair in _counts.Keys)
            Enqueue(pair);
    }

    /// <summary>The pair with the highest count (of equals, the one with the lowest ids), or null when there is none.</summary>
    public ((int Left, int Right) Pair, long Count)? MostFrequent()
    {
        while (_queue.TryDequeue(out var pair, out var priority))
        {
            var count = _counts.GetValueOrDefault(pair);
            if (count == -priority.Count && count > 0 && !_forbidden.Contains(pair))
                return (pair, count);
            if (count > 0 && count < -priority.Count && !_forbidden.Contains(pair))
                Enqueue(pair);
        }
        return null;
    }

    /// <summary>Never offers this pair again.</summary>
    public void Forbid((int Left, int Right) pair) => _forbidden.Add(pair);

    /// <summary>Makes the pair one token in every word.</summary>
    public void Merge((int Left, int Right) pair, int merged)
    {
        _places.Remove(pair, out var places);
        var born = new HashSet<(int Left, int Right)>();
        foreach (var word in places ?? [])
        {
            Count(word, -1);
            _words[word].Merge(pair, merged);
            Count(word, +1);
            born.UnionWith(PairsOf(word).Where(p => p.Left == merged || p.Right == merged));
        }
        foreach (var other in born)
            Enqueue(other);
    }

    private void Enqueue((int Left, int Right) pair) => _queue.Enqueue(pair, (-_counts[pair], pair.Left, pair.Right));

    private void Count(int word, int sign)
    {
        foreach (var pair in PairsOf(word))
        {
            CollectionsMarshal.GetValueRefOrAddDefault(_counts, pair, out _) += sign * _words[word].Count;
            if (sign > 0)
                (CollectionsMarshal.GetValueRefOrAddDefault(_places, pair, out _) ??= []).Add(word);
        }
    }

    private IEnumerable<(int Left, int Right)> PairsOf(int word)
    {
        var tokens = _words[word].Tokens;
        for (var i = 0; i + 1 < tokens.Count; i++)
            yield return (tokens[i], tokens[i + 1]);
    }
}
