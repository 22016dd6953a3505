using Cottention.Torch;
using Cottention.Training.Data;
using static TorchSharp.torch;

namespace Cottention.Training.Evaluation;

/// <summary>The mean loss on the start of documents that are not trained on.</summary>
internal static class Validation
{
    /// <summary>
    /// Mean loss in nats a token. Each of the rows starts at position 0 with another document, evenly spread over the set, and
    /// goes on with the documents after it.
    /// </summary>
    public static double Loss(CottentionModel model, DocumentSet set, int rows, int length)
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var tokens = new long[rows * (length + 1)];
        for (var row = 0; row < rows; row++)
        {
            var start = set.Starts[(long)row * set.Count / rows];
            for (var i = 0; i <= length; i++)
                tokens[row * (length + 1) + i] = set.Tokens[(start + i) % set.Tokens.Length];
        }
        var batch = tensor(tokens, [rows, length + 1], device: model.Device);
        using var logits = model.call(batch.narrow(1, 0, length));
        return nn.functional.cross_entropy(logits.flatten(0, 1), batch.narrow(1, 1, length).flatten()).item<float>();
    }
}
