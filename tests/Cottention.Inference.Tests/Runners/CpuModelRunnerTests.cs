using Cottention.Conformance;
using Cottention.Inference.Model;
using Cottention.Inference.Runners;
using Cottention.Inference.Runners.Cpu;
using Cottention.Inference.Runners.Cpu.Kernels;

namespace Cottention.Inference.Tests.Runners;

[Collection("cpu threads")]
public sealed class CpuModelRunnerTests
{
    public static TheoryData<KernelChoice> KernelChoices => [KernelChoice.Avx512, KernelChoice.Avx2, KernelChoice.Portable];

    // Heads, head dim, rotary dim, inner, vocabulary: nothing here is a multiple of 16 but the last row's head dim.
    public static TheoryData<KernelChoice, int, int, int, int, int> OddShapes
    {
        get
        {
            var shapes = new TheoryData<KernelChoice, int, int, int, int, int>();
            foreach (var kernels in new[] { KernelChoice.Avx512, KernelChoice.Avx2, KernelChoice.Portable })
            {
                shapes.Add(kernels, 1, 2, 2, 3, 7);
                shapes.Add(kernels, 3, 6, 4, 25, 101);
                shapes.Add(kernels, 5, 24, 24, 63, 17);
                shapes.Add(kernels, 2, 100, 50, 90, 33);
                shapes.Add(kernels, 3, 128, 128, 100, 1);
            }

            return shapes;
        }
    }

    [Theory]
    [MemberData(nameof(OddShapes))]
    public void Run_OddShapes_EqualTheNaiveModel(KernelChoice kernels, int heads, int headDim, int rotaryDim, int inner, int vocabulary)
    {
        var config = RandomWeights.Config(heads, headDim, rotaryDim, inner, vocabulary);
        using var runner = Runner(config, kernels, threads: 2);
        var naive = new CottentionModelNaive<double>(config, RandomWeights.ReadRows);
        var session = new RunnerSession(runner, 0);
        var tokens = Enumerable.Range(0, 13).Select(i => i * 5 % vocabulary).ToArray();

        var logits = session.Feed(tokens);
        double[] expected = [];
        foreach (var token in tokens)
            expected = naive.Step(token);

        Numerics.AssertClose(expected, logits, 2e-5, "logits");
        Numerics.AssertClose(naive.State, session.State, 1e-5, "state");
    }

    [Theory]
    [MemberData(nameof(KernelChoices))]
    public void Run_AnyNumberOfThreads_SameBits(KernelChoice kernels)
    {
        var config = RandomWeights.Config(heads: 5, headDim: 24, rotaryDim: 12, inner: 90, vocabulary: 101);
        int[] tokens = [.. Enumerable.Range(0, 37)];
        using var reference = Runner(config, kernels, threads: 1);
        var expected = new RunnerSession(reference, 0);
        var expectedLogits = expected.Feed(tokens);

        foreach (var threads in new[] { 2, 3, 7 })
        {
            using var runner = Runner(config, kernels, threads);
            var session = new RunnerSession(runner, 0);

            var logits = session.Feed(tokens);

            Numerics.AssertSameBits(expectedLogits, logits, $"logits with {threads} threads");
            Numerics.AssertSameBits(expected.State, session.State, $"state with {threads} threads");
        }
    }

    [Theory]
    [InlineData("tiny", "f32")]
    [InlineData("tiny_bf16", "bf16")]
    [InlineData("tiny_f16", "f32")]
    [InlineData("tiny_sharded", "f32")]
    public void Constructor_Checkpoint_SameBitsAsItsWeights(string name, string format)
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Path("golden", name));
        using var runner = new CpuModelRunner(checkpoint, new CpuRunnerOptions { Threads = 1, SlotCount = 1 });
        var golden = GoldenModel.Open(name == "tiny_sharded" ? "tiny" : name);
        using var reference = Runner(golden.Config, KernelChoice.Auto, 1, golden.ReadRows);

        var logits = new RunnerSession(runner, 0).Feed(1, 2, 3);

        Assert.Contains($"{format} weights", runner.Description, StringComparison.Ordinal);
        Numerics.AssertSameBits(new RunnerSession(reference, 0).Feed(1, 2, 3), logits);
    }

    [Fact]
    public void Run_ThousandsOfSteps_SameBitsAsOnePlanOfThem()
    {
        var config = RandomWeights.Config(heads: 2, headDim: 16, rotaryDim: 8, inner: 48, vocabulary: 50, layers: 1);
        using var runner = Runner(config, KernelChoice.Auto, threads: 2, maxTokens: 2048);
        int[] tokens = [.. Enumerable.Range(0, 2048).Select(i => i % 50)];
        var (whole, single) = (new RunnerSession(runner, 0), new RunnerSession(runner, 1));

        whole.Feed(tokens);
        single.FeedSingly(tokens);

        Numerics.AssertSameBits(whole.State, single.State);
    }

    // Widths that end amid a block: where one step's tiles have padding, the last step's wider tiles had numbers.
    [Theory]
    [InlineData(WeightFormat.F32)]
    [InlineData(WeightFormat.Bf16)]
    [InlineData(WeightFormat.Int8)]
    [InlineData(WeightFormat.Int4)]
    public void Run_AfterABatchOfNaN_PaddingDoesNotLeakIt(WeightFormat weights)
    {
        var config = RandomWeights.Config(heads: 3, headDim: 32, rotaryDim: 16, inner: 95, vocabulary: 40);
        using var runner = new CpuModelRunner(config, RandomWeights.ReadRows, WeightFormat.F32, new CpuRunnerOptions
        {
            Threads = 2, Weights = weights, SlotCount = 9, MaxRows = 9, MaxTokens = 16,
        });
        var expected = new RunnerSession(runner, 8).Feed(1);
        var plan = new StepPlan(8, 8);
        for (var slot = 0; slot < 8; slot++)
        {
            runner.FillSlot(slot, float.NaN);
            plan.Add(slot, 0, [slot], wantsLogits: true);
        }

        runner.Run(plan);

        Numerics.AssertSameBits(expected, new RunnerSession(runner, 8).Feed(1));
    }

    [Fact]
    public void Run_TokenOutsideVocabulary_ThrowsAndLeavesTheState()
    {
        using var runner = Runner(RandomWeights.Config(1, 16, 16, 16, 10), KernelChoice.Auto, 1);
        var session = new RunnerSession(runner, 0);
        session.Feed(1);
        var state = session.State;

        Assert.Throws<ArgumentOutOfRangeException>(() => session.Feed(2, 10));
        Assert.Throws<ArgumentOutOfRangeException>(() => session.Feed(2, -1));

        Numerics.AssertSameBits(state, session.State);
    }

    public static TheoryData<CpuRunnerOptions> FaultyOptions =>
    [
        .. FaultySizes.All.Select(sizes => new CpuRunnerOptions(sizes)),
        new() { Threads = -1 },
        new() { Threads = 1025 },
    ];

    [Theory]
    [MemberData(nameof(FaultyOptions))]
    public void Constructor_OptionOutOfRange_Throws(CpuRunnerOptions options) => Assert.Throws<ArgumentOutOfRangeException>(
        () => new CpuModelRunner(RandomWeights.Config(1, 16, 16, 16, 10), RandomWeights.ReadRows, WeightFormat.F32, options));

    [Fact]
    public void Constructor_WeightNotReadable_ThrowsWhatTheReaderThrew()
    {
        var config = RandomWeights.Config(1, 16, 16, 16, 10);

        var error = Assert.Throws<InferenceException>(() => Runner(config, KernelChoice.Auto, 2, (tensor, firstRow, rowCount, values) =>
        {
            if (tensor.EndsWith("fc_out.weight", StringComparison.Ordinal))
                throw new InferenceException(InferenceError.InvalidModel, "not finite");
            RandomWeights.ReadRows(tensor, firstRow, rowCount, values);
        }));

        Assert.Equal(InferenceError.InvalidModel, error.Error);
    }

    private static CpuModelRunner Runner(
        ModelConfig config, KernelChoice kernels, int threads, WeightRowReader? read = null, int maxTokens = 64) =>
        new(config, read ?? RandomWeights.ReadRows, WeightFormat.F32, new CpuRunnerOptions
        {
            Threads = threads,
            Kernels = CpuKernelSet.Supports(kernels) ? kernels : KernelChoice.Auto,
            SlotCount = 2,
            MaxRows = 2,
            MaxTokens = maxTokens,
        });
}
