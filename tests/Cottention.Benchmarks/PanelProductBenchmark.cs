using BenchmarkDotNet.Attributes;
using Cottention.Inference.Runners.Cpu;
using Cottention.Inference.Runners.Cpu.Kernels;

namespace Cottention.Benchmarks;

/// <summary>A packed matrix times one tile of tokens. The weights stay in the caches: this is arithmetic, <c>cottention bench</c> is memory.</summary>
public unsafe class PanelProductBenchmark : IDisposable
{
    private CpuKernelSet _kernels = null!; // Setup sets it
    private PackedMatrix _matrix = null!; // Setup sets it
    private ActivationTiles _x = null!; // Setup sets it
    private NativeBuffer _y = null!; // Setup sets it

    /// <summary>Instruction set; what the machine lacks is left out.</summary>
    [ParamsSource(nameof(KernelChoices))]
    public KernelChoice Kernels { get; set; }

    /// <summary>Format of the weights; activations are rounded before the clock starts.</summary>
    [Params(WeightFormat.F32, WeightFormat.Bf16, WeightFormat.Int8, WeightFormat.Int4)]
    public WeightFormat Format { get; set; }

    /// <summary>N x K.</summary>
    [Params("1024x1024", "3072x1024", "1024x3072")]
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
        _kernels = CpuKernelSet.Choose(Kernels);
        _matrix = new PackedMatrix(Format, rows, columns);
        _x = new ActivationTiles(_kernels, Format, TileWidth, columns);
        _y = NativeBuffer.OfFloats((long)rows * TileWidth);
        // Pages that nobody wrote are all the same one.
        new Span<byte>(_matrix.Panel(0), (int)(_matrix.PanelBytes * _matrix.PanelCount)).Fill(0x3C);
        var token = new float[columns];
        _x.SetTokens(TileWidth);
        for (var i = 0; i < TileWidth; i++)
        {
            token.AsSpan().Fill(0.5f + i);
            fixed (float* values = token)
                _x.Pack(i, 0, values, columns);
        }
    }

    [Benchmark]
    public void Multiply() => _matrix.Multiply(_kernels, _x, _y.Floats, _matrix.Rows, null, false, 0, _matrix.PanelCount);

    [GlobalCleanup]
    public void Dispose()
    {
        _matrix?.Dispose();
        _x?.Dispose();
        _y?.Dispose();
        GC.SuppressFinalize(this);
    }
}
