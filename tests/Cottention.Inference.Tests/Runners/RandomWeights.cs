using Cottention.Inference.Model;

namespace Cottention.Inference.Tests.Runners;

/// <summary>Small random weights for models of any shape; norms near 1.</summary>
internal static class RandomWeights
{
    public static ModelConfig Config(int heads, int headDim, int rotaryDim, int inner, int vocabulary, int layers = 2) => new()
    {
        EmbeddingSize = heads * headDim,
        HeadCount = heads,
        LayerCount = layers,
        InnerSize = inner,
        VocabularySize = vocabulary,
        RotaryDim = rotaryDim,
        TrainedPositions = 64,
    };

    public static void ReadRows(string tensor, int firstRow, int rowCount, Span<float> values)
    {
        var width = values.Length / rowCount;
        var offset = tensor.Contains("ln_", StringComparison.Ordinal) && tensor.EndsWith("weight", StringComparison.Ordinal) ? 1f : 0f;
        var seed = tensor.Aggregate(17, (hash, letter) => unchecked((hash * 31) + letter));
        for (var row = 0; row < rowCount; row++)
        {
            var random = new Random(unchecked((seed * 31) + firstRow + row));
            foreach (ref var value in values.Slice(row * width, width))
                value = offset + (0.4f * (random.NextSingle() - 0.5f));
        }
    }
}
