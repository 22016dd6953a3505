using Cottention.Conformance;
using Cottention.Inference;
using Cottention.Inference.Model;
using Cottention.Inference.Runners;
using Cottention.Inference.Runners.Cpu;

namespace Cottention.Cuda.Tests;

/// <summary>What only this runner does: choices, refusals, fetching of logits, and going on where the CPU runner left off.</summary>
[NeedsNativeLibrary]
public sealed class CudaModelRunnerTests
{
    // Two float32 implementations, each 2e-5 from the reference at most.
    private const double Float32 = 4e-5;

    public static TheoryData<CudaRunnerOptions> FaultyOptions =>
    [
        .. FaultySizes.All.Select(sizes => new CudaRunnerOptions(sizes)),
        new() { Device = -1 },
        new() { Device = 1024 },
        new() { MaxProvisionalTokens = 9 },
        new() { FoldInterval = 0 },
        new() { FoldInterval = 17 },
        new() { ChunkTokens = -1 },
        new() { ChunkTokens = 65_537 },
    ];

    [Theory]
    [MemberData(nameof(FaultyOptions))]
    public void Create_OptionOutOfRange_Throws(CudaRunnerOptions options) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => CudaTestRunner.Create(GoldenModel.Open("tiny"), options));

    [Fact]
    public void Create_NoSuchDevice_SaysWhichThereAre()
    {
        var e = Assert.Throws<InferenceException>(() => CudaTestRunner.Create(GoldenModel.Open("tiny"), new CudaRunnerOptions { Device = 1000 }));

        Assert.Equal(InferenceError.InvalidArgument, e.Error);
        Assert.StartsWith("the CUDA device is 1000; allowed: 0 to ", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(WeightFormat.Int8, WeightFormat.F32)]
    [InlineData(WeightFormat.Int4, WeightFormat.Bf16)]
    [InlineData(WeightFormat.Auto, WeightFormat.Int8)]
    public void Create_QuantizedWeights_SaysWhatIsAllowed(WeightFormat asked, WeightFormat stored)
    {
        NativeBuild.Use();
        var model = GoldenModel.Open("tiny");

        var e = Assert.Throws<InferenceException>(
            () => new CudaModelRunner(model.Config, model.ReadRows, stored, new CudaRunnerOptions { Weights = asked }));

        Assert.Equal(InferenceError.InvalidArgument, e.Error);
        Assert.Contains("f32 or bf16", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_ModelOfAShapeWithoutKernels_IsRefusedAndNothingIsKept()
    {
        NativeBuild.Use();
        var config = GoldenModel.Open("tiny").Config with { EmbeddingSize = 1024, HeadCount = 2, RotaryDim = 0 };

        var e = Assert.Throws<InferenceException>(() => new CudaModelRunner(config, (_, _, _, values) => values.Clear(), WeightFormat.F32, new CudaRunnerOptions()));

        Assert.Equal(InferenceError.InvalidModel, e.Error);
        Assert.Contains("512", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_ReadingFails_TheFaultIsTheReaders()
    {
        NativeBuild.Use();
        var config = GoldenModel.Open("tiny").Config;

        Assert.Throws<InvalidDataException>(
            () => new CudaModelRunner(config, (_, _, _, _) => throw new InvalidDataException(), WeightFormat.F32, new CudaRunnerOptions()));
    }

    [Fact]
    public void Create_Auto_TakesTheCheckpointsFormatAndItsFingerprint()
    {
        NativeBuild.Use();
        foreach (var folder in new[] { Fixtures.Path("tiny-model"), Fixtures.Path("golden", "tiny_bf16") })
            foreach (var weights in new[] { WeightFormat.Auto, WeightFormat.F32, WeightFormat.Bf16 })
            {
                using var checkpoint = Checkpoint.Open(folder);
                using var cuda = new CudaModelRunner(checkpoint, new CudaRunnerOptions { Weights = weights, SlotCount = 1, MaxRows = 1, MaxTokens = 1 });
                using var cpu = new CpuModelRunner(checkpoint, new CpuRunnerOptions { Weights = weights, Threads = 1, SlotCount = 1, MaxRows = 1, MaxTokens = 1 });

                Assert.Equal(cpu.Weights, cuda.Weights);
                Assert.Equal(cpu.FingerprintOf(checkpoint), cuda.FingerprintOf(checkpoint));
                Assert.Equal(cpu.StateLayout, cuda.StateLayout);
                Assert.EndsWith($", {cuda.Weights.Name()} weights", cuda.Description, StringComparison.Ordinal);
            }
    }

    [Fact]
    public void Device_CpuBuild_IsCalledAnEmulation()
    {
        using var runner = NewRunner();

        Assert.Equal(CudaDevices.Find().Devices[0].Id, runner.Device);
    }

    [Fact]
    public void AnyMember_AfterDispose_Throws()
    {
        var runner = NewRunner();
        new RunnerSession(runner, 0).Feed(1, 2);
        runner.Dispose();
        runner.Dispose();

        Assert.Throws<ObjectDisposedException>(() => runner.Run(new StepPlan(1, 1)));
        Assert.Throws<ObjectDisposedException>(() => runner.FillSlot(0, 0));
        Assert.Throws<ObjectDisposedException>(() => runner.ReadSlot(0, new float[runner.StateLayout.ElementCount]));
    }

    [Fact]
    public void Logits_InAnyOrder_SameRows()
    {
        using var runner = NewRunner();
        var plan = new StepPlan(4, 16);
        for (var slot = 0; slot < 4; slot++)
        {
            runner.FillSlot(slot, 0);
            plan.Add(slot, 0, [10 * slot, 5], wantsLogits: true);
        }
        var inOrder = new float[4 * runner.VocabularySize];
        runner.Run(plan, inOrder);
        for (var slot = 0; slot < 4; slot++)
            runner.FillSlot(slot, 0);

        runner.Run(plan);

        foreach (var row in new[] { 2, 0, 3, 1, 2 })
            Numerics.AssertSameBits(inOrder.AsSpan(row * runner.VocabularySize, runner.VocabularySize), runner.Logits(row), $"row {row}");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(11)]
    [InlineData(29)]
    public void State_TakenBetweenCpuAndCuda_GoesOnAsOnOne(int half)
    {
        var model = GoldenModel.Open("d64");
        int[] tokens = [.. Enumerable.Range(0, 40).Select(i => (i * 37) % 100)];
        using var cuda = CudaTestRunner.Create(model, Sizes);
        using var cpu = new CpuModelRunner(model.Config, model.ReadRows, WeightFormat.F32, new CpuRunnerOptions { Threads = 1, SlotCount = 4, MaxRows = 4, MaxTokens = 64 });
        var whole = new RunnerSession(cpu, 0);
        var expected = whole.Feed(tokens);

        foreach (var (from, to) in new (IModelRunner, IModelRunner)[] { (cpu, cuda), (cuda, cpu) })
        {
            var first = new RunnerSession(from, 1);
            first.FeedSingly(tokens.AsSpan(0, half));
            var second = new RunnerSession(to, 2);
            to.FillSlot(2, float.NaN);
            to.WriteSlot(2, first.State);
            second.Position = half;

            Numerics.AssertSameBits(first.State, second.State, "state as taken over");
            Numerics.AssertClose(Widened(expected), second.Feed(tokens.AsSpan(half)), Float32, $"logits, {from.Device} to {to.Device}");
            Numerics.AssertClose(Widened(whole.State), second.State, Float32, $"state, {from.Device} to {to.Device}");
        }
    }

    [Theory]
    [InlineData(WeightFormat.F32, 1e-4)]
    [InlineData(WeightFormat.Bf16, 4e-2)]
    public void Run_LongRowsInChunks_NearTokenByToken(WeightFormat weights, double tolerance)
    {
        var model = GoldenModel.Open("d64");
        int[] tokens = [.. Enumerable.Range(0, 50).Select(i => (i * 37) % 100)];
        using var chunked = CudaTestRunner.Create(model, Sizes with { Weights = weights, ChunkTokens = 16 });
        using var plain = CudaTestRunner.Create(model, Sizes with { Weights = weights });
        var (expected, actual) = (new RunnerSession(plain, 0), new RunnerSession(chunked, 0));

        var logits = actual.Feed(tokens);

        Numerics.AssertClose(Widened(expected.Feed(tokens)), logits, tolerance, "logits");
        Numerics.AssertClose(Widened(expected.State), actual.State, tolerance, "state");
    }

    private static CudaRunnerOptions Sizes => new() { SlotCount = 4, MaxRows = 4, MaxTokens = 64 };

    private static CudaModelRunner NewRunner() => CudaTestRunner.Create(GoldenModel.Open("tiny"), Sizes);

    private static double[] Widened(float[] values) => Array.ConvertAll(values, value => (double)value);
}
