using Cottention.Conformance;
using Cottention.Cuda.Native;
using Cottention.Inference.Runners.Cpu;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cottention.Cuda.Tests;

[NeedsNativeLibrary]
public sealed class CudaRunnerMemoryTests
{
    // cuBLASLt's workspace, which the emulation has none of.
    private const long ProductBytes = 32L << 20;

    // A step's descriptor has each of its arrays at 16 bytes.
    private const long Slack = 1024;

    [Theory]
    [InlineData("tiny", WeightFormat.F32, 16, 0, false)]
    [InlineData("d64", WeightFormat.Bf16, 16, 0, false)]
    [InlineData("d64", WeightFormat.F32, 8, 0, true)]
    [InlineData("d64", WeightFormat.Bf16, 1, 100, false)]
    public unsafe void Of_AnEngine_IsWhatItSaysItTakes(string name, WeightFormat weights, int foldInterval, int chunkTokens, bool tied)
    {
        NativeBuild.Use();
        var model = GoldenModel.Open(name);
        var config = model.Config with { TieWordEmbeddings = tied };
        var options = new CudaRunnerOptions
        {
            SlotCount = 5, MaxRows = 7, MaxTokens = 300, MaxProvisionalRows = 2, FoldInterval = foldInterval, ChunkTokens = chunkTokens,
        };
        using var engine = CudaEngineFactory.Create(
            config, model.ReadRows, weights, options, CudaDevices.Find().Devices[0], NullLogger.Instance, TimeProvider.System);
        var taken = new NativeEngineMemory { StructSize = sizeof(NativeEngineMemory) };
        NativeStatus.Check(NativeMethods.DescribeMemory(engine, &taken));

        var memory = CudaRunnerMemory.Of(config, weights, options);

        Assert.Equal(taken.WeightBytes, memory.WeightBytes);
        Assert.Equal(taken.StateBytes + taken.TailBytes, 5 * memory.SlotBytes);
        Assert.InRange(memory.StepBytes - ProductBytes, taken.BufferBytes - Slack, taken.BufferBytes + Slack);
    }
}
