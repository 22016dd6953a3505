using System.Security.Cryptography;
using Cottention.Training.Data;
using Cottention.Training.Text;

namespace Cottention.Training.Evaluation;

/// <summary>A text file as a model's tokens.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Sha256">Of the file's bytes as they lie on disk, in lower-case hexadecimal.</param>
/// <param name="Set">Its documents.</param>
/// <param name="Tokens">All tokens, document after document.</param>
internal sealed record EvaluatedText(string Path, string Sha256, DocumentSet Set, int[] Tokens)
{
    /// <summary>Name without folder and without .txt and .gz.</summary>
    public string Name => Set.Name;

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidDataException">The file holds no document, or is no .gz although it is called so.</exception>
    public static EvaluatedText Load(string path, CorpusTokenizer tokenizer)
    {
        using var file = File.OpenRead(path);
        var hash = Convert.ToHexStringLower(SHA256.HashData(file));
        var set = DocumentSet.Tokenize(new TextSource(path, Weight: 1), tokenizer);
        return new EvaluatedText(path, hash, set, Array.ConvertAll(set.Tokens, token => (int)token));
    }

    /// <summary>
    /// What to foretell: each document on its own, or the documents from the first on as one passage.
    /// </summary>
    /// <param name="across">Whether documents follow each other in one passage.</param>
    /// <param name="limit">Most tokens to foretell; null for all. Where there are more, whole documents evenly spread over the file are taken, at least one, and of that what the limit allows.</param>
    /// <returns>Passages in the order of the file.</returns>
    public IReadOnlyList<Window> Passages(bool across, long? limit)
    {
        var most = limit ?? long.MaxValue;
        if (across)
            return [Window.Whole(0, (int)Math.Min(Tokens.Length - 1, most) + 1)];
        // Each document's first token is foretold by nothing.
        var all = Tokens.Length - (long)Set.Count;
        var count = (int)Math.Clamp(Set.Count * Math.Min(most, all) / all, 1, Set.Count);
        var passages = new List<Window>();
        for (var i = 0; i < count && most > 0; i++)
        {
            var document = (int)((long)i * Set.Count / count);
            var passage = Window.Whole(Set.Starts[document], (int)Math.Min(Set[document].Length - 1, most) + 1);
            passages.Add(passage);
            most -= passage.Counted;
        }
        return passages;
    }
}
