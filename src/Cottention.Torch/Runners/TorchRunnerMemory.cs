using Cottention.Inference.Model;
using Cottention.Inference.Runners;

namespace Cottention.Torch.Runners;

/// <summary>Foretells what a <see cref="TorchModelRunner"/> takes of its device. Of a step it counts the largest tensors; libtorch's own share is not in it.</summary>
public static class TorchRunnerMemory
{
    private const long FloatBytes = sizeof(float);

    // Of the rows' states in one layer, at once: as they were, what is added, what is read.
    private const int StatesOfAStep = 3;

    /// <summary>The memory of a runner of these sizes.</summary>
    /// <param name="config">The model's numbers.</param>
    /// <param name="options">Sizes.</param>
    public static RunnerMemory Of(ModelConfig config, RunnerSizes options)
    {
        long d = config.EmbeddingSize, m = config.InnerSize, n = config.VocabularySize;
        // The head's product has its own columns, also where it is tied to the embedding.
        var weights = config.ParameterCount + (config.TieWordEmbeddings ? n * d : 0);
        var layerState = (long)config.HeadCount * config.HeadDim * config.HeadDim;
        // Residual, its norm, q k v, what the heads read and its product; what is inside the MLP and its product.
        var step = (options.MaxTokens * ((8 * d) + m)) + (options.MaxRows * (n + (StatesOfAStep * layerState)));
        return new RunnerMemory(weights * FloatBytes, StateLayout.Of(config).Bytes, step * FloatBytes);
    }
}
