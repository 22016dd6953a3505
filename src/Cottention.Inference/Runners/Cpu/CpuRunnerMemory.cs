using Cottention.Inference.Model;
using Cottention.Inference.Runners.Cpu.Kernels;

namespace Cottention.Inference.Runners.Cpu;

/// <summary>Foretells what a <see cref="CpuModelRunner"/> takes, to the byte.</summary>
public static class CpuRunnerMemory
{
    private const long FloatBytes = sizeof(float);

    /// <summary>The memory of a runner of these sizes.</summary>
    /// <param name="config">The model's numbers.</param>
    /// <param name="format">Format of the weights; never Auto.</param>
    /// <param name="options">Sizes.</param>
    public static RunnerMemory Of(ModelConfig config, WeightFormat format, CpuRunnerOptions options)
    {
        var shape = new PaddedShape(config);
        var threads = options.Threads == 0 ? Environment.ProcessorCount : options.Threads;
        var headFloats = (long)config.HeadDim * shape.HeadDim;
        var heads = (long)config.LayerCount * config.HeadCount;
        return new RunnerMemory(
            Weights(config, shape, format),
            heads * headFloats * FloatBytes,
            Tails(heads, headFloats, shape, options, threads) + Buffers(config, shape, format, options, threads) + ((long)options.MaxRows * config.VocabularySize * FloatBytes));
    }

    private static long Weights(ModelConfig config, PaddedShape shape, WeightFormat format)
    {
        var (d, m, n) = (config.EmbeddingSize, config.InnerSize, config.VocabularySize);
        long Matrix(int rows, int columns) => PackedMatrix.BytesOf(format, rows, columns);
        long Vector(int length) => PackedMatrix.Padded(length, PackedMatrix.PanelRows) * FloatBytes;
        var layer = Matrix(shape.QueryKeyValue, d) + Matrix(shape.Embedding, shape.Heads) + Matrix(shape.Inner, d) + Matrix(shape.Embedding, m)
            + (3 * Vector(d)) + Vector(m);
        return EmbeddingTable.BytesOf(format, n, d) + (config.LayerCount * layer) + (2 * Vector(d)) + Matrix(n, d) + Vector(n);
    }

    private static long Tails(long heads, long headFloats, PaddedShape shape, CpuRunnerOptions options, int threads) => options.MaxProvisionalRows == 0
        ? 0
        : ((options.MaxProvisionalRows * heads * options.MaxProvisionalTokens * 2 * shape.HeadDim) + (threads * headFloats)) * FloatBytes;

    private static long Buffers(ModelConfig config, PaddedShape shape, WeightFormat format, CpuRunnerOptions options, int threads)
    {
        var kernels = CpuKernelSet.Choose(options.Kernels);
        long tokens = PackedMatrix.Padded(options.MaxTokens, ActivationTiles.MaxWidth);
        var floats = (tokens * (shape.Embedding + shape.QueryKeyValue + shape.Heads + shape.Inner + (2 * shape.HeadDim)))
            + ((long)threads * StepBuffers.ScratchFloats(shape));
        long Tiles(long count, int columns) => count * ActivationTiles.TokenBytes(kernels, format, columns);
        return (floats * FloatBytes) + Tiles(tokens, config.EmbeddingSize) + Tiles(tokens, shape.Heads) + Tiles(tokens, config.InnerSize)
            + Tiles(PackedMatrix.Padded(options.MaxRows, ActivationTiles.MaxWidth), config.EmbeddingSize);
    }
}
