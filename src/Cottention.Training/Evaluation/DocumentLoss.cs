using Cottention.Torch;
using Cottention.Training.Data;
using Cottention.Training.Text;
using static TorchSharp.torch;

namespace Cottention.Training.Evaluation;

/// <summary>How well a model foretells documents.</summary>
/// <param name="Documents">Documents measured.</param>
/// <param name="Tokens">Tokens foretold: all of each document but its first, the end of text included.</param>
/// <param name="Nats">Mean loss of a token.</param>
/// <param name="BitsPerByte">The same loss for a byte of UTF-8 of these tokens.</param>
internal sealed record DocumentLoss(int Documents, long Tokens, double Nats, double BitsPerByte)
{
    private const int Rows = 32;
    private const int SegmentTokens = 256;

    /// <summary>
    /// Measures documents spread evenly over a set. Each is read after a number of tokens of the documents before it in the
    /// set, so that the same tokens are foretold at later and later positions.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="set">The documents.</param>
    /// <param name="tokenizer">Tells the bytes of tokens.</param>
    /// <param name="before">Tokens that are read before each document.</param>
    /// <param name="documents">Most documents to measure.</param>
    /// <param name="limit">Most tokens of a document.</param>
    public static DocumentLoss Measure(CottentionModel model, DocumentSet set, CorpusTokenizer tokenizer, int before, int documents, int limit)
    {
        var count = Math.Min(documents, set.Count);
        var chosen = Enumerable.Range(0, count).Select(i => (int)((long)i * set.Count / count)).ToArray();
        var (nats, tokens, bytes) = (0.0, 0L, 0L);
        foreach (var group in chosen.Chunk(Rows))
        {
            var lengths = group.Select(document => Math.Min(limit, set[document].Length)).ToArray();
            nats += SumOfLosses(model, set, group, lengths, before);
            tokens += lengths.Sum(length => length - 1L);
            for (var row = 0; row < group.Length; row++)
                bytes += set[group[row]][1..lengths[row]].ToArray().Sum(token => tokenizer.ByteCount(token));
        }
        return new DocumentLoss(count, tokens, nats / tokens, nats / Math.Log(2) / bytes);
    }

    private static double SumOfLosses(CottentionModel model, DocumentSet set, int[] documents, int[] lengths, int before)
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var width = before + lengths.Max();
        var (tokens, weights) = (new long[documents.Length * width], new float[documents.Length * width]);
        for (var row = 0; row < documents.Length; row++)
            for (var i = 0; i < width; i++)
            {
                // From `before` tokens ahead of the document; past its end whatever follows is read but not counted.
                var at = set.Starts[documents[row]] - before + i;
                tokens[row * width + i] = set.Tokens[((at % set.Tokens.Length) + set.Tokens.Length) % set.Tokens.Length];
                weights[row * width + i] = i > before && i < before + lengths[row] ? 1 : 0;
            }
        return SumOfLosses(model, tensor(tokens, [documents.Length, width]), tensor(weights, [documents.Length, width]), before);
    }

    /// <param name="model">The model.</param>
    /// <param name="tokens">[B, T] i64.</param>
    /// <param name="weights">[B, T]: 1 where a token's loss counts.</param>
    /// <param name="before">Tokens at the start whose losses do not count.</param>
    private static double SumOfLosses(CottentionModel model, Tensor tokens, Tensor weights, int before)
    {
        var state = model.ZeroState(tokens.shape[0]);
        var sum = 0.0;
        for (long start = 0; start < tokens.shape[1] - 1;)
        {
            using var scope = NewDisposeScope();
            // Segments end at the document's start, so that the same document is cut in the same places wherever it stands.
            var end = start < before ? Math.Min(start + SegmentTokens, before) : Math.Min(start + SegmentTokens, tokens.shape[1] - 1);
            var (logits, after) = model.Run(tokens.narrow(1, start, end - start), state, AttentionForm.Chunked);
            var losses = nn.functional.cross_entropy(
                logits.flatten(0, 1), tokens.narrow(1, start + 1, end - start).flatten(), reduction: nn.Reduction.None);
            sum += (losses * weights.narrow(1, start + 1, end - start).flatten()).sum().to(ScalarType.Float64).item<double>();
            state.Dispose();
            state = after.Detach();
            start = end;
        }
        state.Dispose();
        return sum;
    }
}
