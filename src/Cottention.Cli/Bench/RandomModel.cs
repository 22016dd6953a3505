using Cottention.Inference.Model;

namespace Cottention.Cli.Bench;

/// <summary>Random weights of a given shape, made on the fly: speed does not depend on the values.</summary>
internal static class RandomModel
{
    /// <summary>The shape taken where none is named.</summary>
    public const string DefaultShape = "300m";

    private const float Scale = 0.04f;

    /// <summary>
    /// Shapes by name. <c>300m</c>: the paper's model, 20 layers, 16 heads of 64, the vocabulary of GPT-J. <c>tiny</c>: one that takes
    /// no time, to try the command.
    /// </summary>
    public static IReadOnlyDictionary<string, ModelConfig> Shapes { get; } = new Dictionary<string, ModelConfig>(StringComparer.Ordinal)
    {
        [DefaultShape] = new()
        {
            EmbeddingSize = 1024,
            HeadCount = 16,
            LayerCount = 20,
            InnerSize = 3072,
            VocabularySize = 50400,
            RotaryDim = 64,
            TrainedPositions = 1024,
        },
        ["tiny"] = new()
        {
            EmbeddingSize = 128,
            HeadCount = 4,
            LayerCount = 2,
            InnerSize = 256,
            VocabularySize = 512,
            RotaryDim = 32,
            TrainedPositions = 1024,
        },
    };

    /// <summary>Rows of a tensor: norms near 1, everything else small and of both signs.</summary>
    public static void ReadRows(string tensor, int firstRow, int rowCount, Span<float> values)
    {
        var state = ((uint)tensor.Length * 2654435761u) + ((uint)firstRow * 40503u) + 1u;
        var offset = tensor.Contains("ln_", StringComparison.Ordinal) && tensor.EndsWith("weight", StringComparison.Ordinal) ? 1f : 0f;
        foreach (ref var value in values)
        {
            state = (state * 1664525u) + 1013904223u;
            value = offset + (((state >> 8) / (float)(1 << 24) - 0.5f) * Scale);
        }
    }
}
