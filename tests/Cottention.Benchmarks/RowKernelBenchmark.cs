using BenchmarkDotNet.Attributes;
using Cottention.Inference.Runners.Cpu;
using Cottention.Inference.Runners.Cpu.Kernels;

namespace Cottention.Benchmarks;

/// <summary>The kernels between the products, for one token of the paper's 300M shape.</summary>
public unsafe class RowKernelBenchmark : IDisposable
{
    private const int HeadDim = 64;
    private const int EmbeddingSize = 1024;
    private const int InnerSize = 3072;
    private const float Epsilon = 1e-5f;

    private readonly double[] _logCounts = GC.AllocateArray<double>(1, pinned: true);
    private CpuKernelSet _kernels = null!; // Setup sets it
    private NativeBuffer _floats = null!; // Setup sets it
    private HeadScan _scan;

    /// <summary>Instruction set; what the machine lacks is left out.</summary>
    [ParamsSource(nameof(KernelChoices))]
    public KernelChoice Kernels { get; set; }

    public static IEnumerable<KernelChoice> KernelChoices => CpuKernels.OfThisMachine;

    [GlobalSetup]
    public void Setup()
    {
        _kernels = CpuKernelSet.Choose(Kernels);
        _floats = NativeBuffer.OfFloats((4 * InnerSize) + (HeadDim * HeadDim) + (8 * HeadDim));
        new Span<float>(_floats.Floats, (int)(_floats.Bytes / sizeof(float))).Fill(0.25f);
        var next = State + (HeadDim * HeadDim);
        fixed (double* logCounts = _logCounts)
            _scan = new HeadScan
            {
                QueryKeyValue = next,
                QueryStride = 3 * HeadDim,
                Output = next + (3 * HeadDim),
                OutputStride = HeadDim,
                State = State,
                Cosines = next + (4 * HeadDim),
                Sines = next + (5 * HeadDim),
                LogCounts = logCounts, // pinned
                Sigma = 0.5,
                Tokens = 1,
                HeadDim = HeadDim,
                PaddedHeadDim = HeadDim,
                Scratch = next + (6 * HeadDim),
            };
    }

    /// <summary>One head: normalise, rotate, update the state, read out.</summary>
    [Benchmark]
    public void Scan() => _kernels.Scan(_scan);

    [Benchmark]
    public void LayerNorm() => _kernels.LayerNorm(_floats.Floats, _floats.Floats + InnerSize, _floats.Floats + (2 * InnerSize), Epsilon, _floats.Floats + (3 * InnerSize), EmbeddingSize);

    /// <summary>In place, and so on a fresh copy: what it works on again and again becomes subnormal.</summary>
    [Benchmark]
    public void GeluNew()
    {
        new Span<float>(_floats.Floats + InnerSize, InnerSize).CopyTo(new Span<float>(_floats.Floats + (2 * InnerSize), InnerSize));
        _kernels.GeluNew(_floats.Floats + (2 * InnerSize), InnerSize);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _floats?.Dispose();
        GC.SuppressFinalize(this);
    }

    private float* State => _floats.Floats + (4 * InnerSize);
}
