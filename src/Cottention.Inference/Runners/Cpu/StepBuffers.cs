using Cottention.Inference.Model;
using Cottention.Inference.Runners.Cpu.Kernels;

namespace Cottention.Inference.Runners.Cpu;

/// <summary>The activations of one step, allocated once for the largest plan.</summary>
internal sealed unsafe class StepBuffers : IDisposable
{
    private readonly List<NativeBuffer> _owned = [];
    private readonly List<ActivationTiles> _tiles = [];

    /// <summary>Buffers for at most <paramref name="maxTokens"/> tokens and <paramref name="maxRows"/> rows of logits.</summary>
    public StepBuffers(ModelConfig config, CpuKernelSet kernels, WeightFormat format, int maxTokens, int maxRows, int threads)
    {
        ActivationTiles Tiles(int tileTokens, int columns)
        {
            var tiles = new ActivationTiles(kernels, format, tileTokens, columns);
            _tiles.Add(tiles);
            return tiles;
        }

        var shape = new PaddedShape(config);
        var tokens = PackedMatrix.Padded(maxTokens, ActivationTiles.MaxWidth);
        Residual = Floats((long)tokens * shape.Embedding);
        QueryKeyValue = Floats((long)tokens * shape.QueryKeyValue);
        Heads = Floats((long)tokens * shape.Heads);
        Inner = Floats((long)tokens * shape.Inner);
        Cosines = Floats((long)tokens * shape.HeadDim);
        Sines = Floats((long)tokens * shape.HeadDim);
        ThreadStride = ScratchFloats(shape);
        ThreadScratch = Floats((long)threads * ThreadStride);
        LogCounts = new double[tokens];
        LogitsTokens = new int[maxRows];

        Normalized = Tiles(tokens, config.EmbeddingSize);
        HeadTiles = Tiles(tokens, shape.Heads);
        InnerTiles = Tiles(tokens, config.InnerSize);
        FinalNormalized = Tiles(maxRows, config.EmbeddingSize);
    }

    /// <summary>Floats of one thread's scratch.</summary>
    public static int ScratchFloats(PaddedShape shape) => PackedMatrix.Padded(Math.Max(shape.Embedding, 2 * shape.HeadDim), 64);

    /// <summary>x, [tokens, D].</summary>
    public float* Residual { get; }

    /// <summary>[tokens, H, 3, Kp].</summary>
    public float* QueryKeyValue { get; }

    /// <summary>Outputs of the recurrence, [tokens, H, Kp].</summary>
    public float* Heads { get; }

    /// <summary>[tokens, inner].</summary>
    public float* Inner { get; }

    /// <summary>[tokens, Kp]; see <see cref="Kernels.HeadScan.Cosines"/>.</summary>
    public float* Cosines { get; }

    /// <summary>[tokens, Kp]; see <see cref="Kernels.HeadScan.Sines"/>.</summary>
    public float* Sines { get; }

    /// <summary>Floats of one thread's part of <see cref="ThreadScratch"/>.</summary>
    public int ThreadStride { get; }

    /// <summary>[threads, ThreadStride].</summary>
    public float* ThreadScratch { get; }

    /// <summary>[tokens]: natural logarithm of position + 1.</summary>
    public double[] LogCounts { get; }

    /// <summary>For each row of logits, the token it follows.</summary>
    public int[] LogitsTokens { get; }

    /// <summary>ln_1 x.</summary>
    public ActivationTiles Normalized { get; }

    /// <summary><see cref="Heads"/> in tiles.</summary>
    public ActivationTiles HeadTiles { get; }

    /// <summary>The activated <see cref="Inner"/> in tiles.</summary>
    public ActivationTiles InnerTiles { get; }

    /// <summary>ln_f x of the tokens that want logits.</summary>
    public ActivationTiles FinalNormalized { get; }

    /// <summary>Bytes in memory.</summary>
    public long Bytes => _owned.Sum(buffer => buffer.Bytes) + _tiles.Sum(tiles => tiles.Bytes);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var buffer in _owned)
            buffer.Dispose();
        foreach (var tiles in _tiles)
            tiles.Dispose();
    }

    private float* Floats(long count)
    {
        var buffer = NativeBuffer.OfFloats(count);
        _owned.Add(buffer);
        return buffer.Floats;
    }
}
