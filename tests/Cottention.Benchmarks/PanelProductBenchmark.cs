using BenchmarkDotNet.Attributes;
using Cottention.Inference.Runners.Cpu;
using Cottention.Inference.Runners.Cpu.Kernels;

namespace Cottention.Benchmarks;

/// <summary>A packed matrix times one tile of tokens. The weights stay in the caches: this is arithmetic, <c>cottention bench</c> is memory.</summary>
public unsafe class PanelProductBenchmark : IDisposable
{
    private const int PanelRows = PackedMatrix.PanelRows;

    private CpuKernelSet _kernels = null!; // Setup sets it
    private NativeBuffer _weights = null!; // Setup sets it
    private NativeBuffer _x = null!; // Setup sets it
    private NativeBuffer _y = null!; // Setup sets it
    private PanelProduct _product;

    /// <summary>Instruction set; what the machine lacks is left out.</summary>
    [ParamsSource(nameof(KernelChoices))]
    public KernelChoice Kernels { get; set; }

    /// <summary>Formats whose activations are plain floats.</summary>
    [Params(WeightFormat.F32, WeightFormat.Bf16)]
    public WeightFormat Format { get; set; }

    /// <summary>N x K.</summary>
    [Params("3072x1024", "1024x3072")]
    public string Shape { get; set; } = "3072x1024";

    /// <summary>Tokens side by side.</summary>
    [Params(1, 2, 4, 8)]
    public int TileWidth { get; set; }

    public static IEnumerable<KernelChoice> KernelChoices => CpuKernels.OfThisMachine;

    [GlobalSetup]
    public void Setup()
    {
        var sizes = Array.ConvertAll(Shape.Split('x'), int.Parse);
        var (rows, columns) = (sizes[0], sizes[1]);
        var panelBytes = (long)PanelRows * columns * (Format == WeightFormat.F32 ? sizeof(float) : sizeof(ushort));
        _kernels = CpuKernelSet.Choose(Kernels);
        _weights = new NativeBuffer(panelBytes * (rows / PanelRows));
        _x = NativeBuffer.OfFloats((long)columns * TileWidth);
        _y = NativeBuffer.OfFloats((long)rows * TileWidth);
        // Pages that nobody wrote are all the same one.
        new Span<byte>(_weights.Data, (int)_weights.Bytes).Fill(0x3C);
        new Span<float>(_x.Floats, columns * TileWidth).Fill(0.5f);
        _product = new PanelProduct
        {
            Weights = _weights.Data,
            PanelBytes = panelBytes,
            ColumnPairs = columns / 2,
            X = _x.Floats,
            TileWidth = TileWidth,
            Tokens = TileWidth,
            Y = _y.Floats,
            YStride = rows,
            PanelCount = rows / PanelRows,
        };
    }

    [Benchmark]
    public void Multiply() => _kernels.Multiply(Format, _product);

    [GlobalCleanup]
    public void Dispose()
    {
        _weights?.Dispose();
        _x?.Dispose();
        _y?.Dispose();
        GC.SuppressFinalize(this);
    }
}
