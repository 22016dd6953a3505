using Cottention.Inference.Model;
using Cottention.Inference.Runners;
using Cottention.Inference.Runners.Cpu;

namespace Cottention.Cuda;

/// <summary>
/// Foretells what the native engine takes of a device, as <c>native/src</c> (weights, arena, step_buffers, descriptor) lays it out. The
/// driver's own share of the device is not in it.
/// </summary>
public static class CudaRunnerMemory
{
    private const long Alignment = 256;
    private const long FloatBytes = sizeof(float);

    // What cuBLASLt may work in (gemm_cublaslt.cpp); nothing on the emulation.
    private const long ProductBytes = 32L << 20;

    // Entries of a slot's tail for a short and a long interval between folds, and the longest of the short (dimensions.h).
    private const int ShortTail = 16;
    private const int LongTail = 32;
    private const int MostShortFoldInterval = 8;

    // Rows of up to so many tokens never go through ctn_chunk (dimensions.h); it cuts rows into chunks of 128.
    private const int ShortRowTokens = 8;
    private const int ChunkTokens = 128;

    // Those of the step under way, and of the one before it (step_buffers.h).
    private const int StepsWithLogits = 2;

    // Of the descriptor (descriptor.cpp): a row in each of the four kinds, a draw, and a fold's arguments beside it.
    private const long RowBytes = 4 * 24;
    private const long DrawBytes = 40;
    private const long FoldBytes = 40;

    /// <summary>The memory of a runner of these sizes.</summary>
    /// <param name="config">The model's numbers.</param>
    /// <param name="format">F32 or Bf16.</param>
    /// <param name="options">Sizes.</param>
    public static RunnerMemory Of(ModelConfig config, WeightFormat format, CudaRunnerOptions options)
    {
        var valueBytes = format == WeightFormat.Bf16 ? sizeof(ushort) : FloatBytes;
        var heads = (long)config.LayerCount * config.HeadCount;
        var tailEntries = options.FoldInterval <= MostShortFoldInterval ? ShortTail : LongTail;
        return new RunnerMemory(
            Weights(config, valueBytes),
            StateLayout.Of(config).Bytes + (heads * tailEntries * 2 * config.HeadDim * valueBytes),
            Steps(config, valueBytes, options));
    }

    private static long Weights(ModelConfig config, long valueBytes)
    {
        long d = config.EmbeddingSize, m = config.InnerSize, n = config.VocabularySize;
        var layer = Padded(((3 * d) + m) * d * valueBytes) + Padded((d + m) * d * valueBytes) + (3 * Padded(d * FloatBytes)) + Padded(m * FloatBytes);
        return (config.LayerCount * layer)
            + Padded((long)config.LayerCount * config.HeadCount * FloatBytes)
            + ((config.TieWordEmbeddings ? 1 : 2) * Padded(n * d * valueBytes))
            + (2 * Padded(d * FloatBytes)) + Padded(n * FloatBytes)
            + Padded(config.RotaryDim / 2 * sizeof(ulong));
    }

    private static long Steps(ModelConfig config, long valueBytes, CudaRunnerOptions options)
    {
        long d = config.EmbeddingSize, m = config.InnerSize, tokens = options.MaxTokens, rows = options.MaxRows;
        return Padded(tokens * d * FloatBytes) + Padded(tokens * d * valueBytes)
            + Padded(tokens * ((3 * d) + m) * valueBytes) + Padded(tokens * (d + m) * valueBytes)
            + (StepsWithLogits * Padded(rows * config.VocabularySize * FloatBytes)) + Padded(rows * sizeof(int))
            + ProductBytes + Padded(Chunks(config, options))
            + Padded((tokens * sizeof(int)) + (rows * (sizeof(int) + DrawBytes + RowBytes)))
            + FoldBytes;
    }

    // What ctn_chunk works in.
    private static long Chunks(ModelConfig config, CudaRunnerOptions options)
    {
        if (options.ChunkTokens == 0)
            return 0;
        var rows = Math.Min(options.MaxRows, options.MaxTokens / Math.Max(options.ChunkTokens, ShortRowTokens + 1));
        return rows == 0 ? 0 : ((options.MaxTokens / ChunkTokens) + rows) * (long)config.HeadCount * config.HeadDim * config.HeadDim * FloatBytes;
    }

    private static long Padded(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;
}
