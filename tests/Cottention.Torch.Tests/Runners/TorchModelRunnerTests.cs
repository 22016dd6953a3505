using Cottention.Conformance;
using Cottention.Inference;
using Cottention.Inference.Model;
using Cottention.Inference.Runners;
using Cottention.Inference.Runners.Cpu;
using Cottention.Torch.Runners;
using static TorchSharp.torch;

namespace Cottention.Torch.Tests.Runners;

[Collection(LibtorchThreads.Name)]
public sealed class TorchModelRunnerTests
{
    private static readonly TorchRunnerOptions Small = new() { Device = "cpu", Threads = 1, SlotCount = 4, MaxRows = 4, MaxTokens = 64 };

    public static TheoryData<TorchRunnerOptions> FaultyOptions =>
    [
        .. FaultySizes.All.Select(sizes => new TorchRunnerOptions(sizes)),
        new() { Threads = -1 },
        new() { Threads = 1025 },
        new() { MaxProvisionalRows = 1 },
    ];

    [Theory]
    [InlineData("tiny", WeightFormat.F32)]
    [InlineData("tiny", WeightFormat.Bf16)]
    [InlineData("tiny_bf16", WeightFormat.Auto)]
    [InlineData("tiny_bf16", WeightFormat.F32)]
    public void FingerprintOf_AnyFormat_EqualsTheCpuRunners(string model, WeightFormat weights)
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Path("golden", model));
        using var cpu = new CpuModelRunner(checkpoint, new CpuRunnerOptions { Threads = 1, SlotCount = 1, MaxRows = 1, MaxTokens = 1, Weights = weights });
        using var torch = new TorchModelRunner(checkpoint, Small with { Weights = weights });

        Assert.Equal(cpu.FingerprintOf(checkpoint), torch.FingerprintOf(checkpoint));
        Assert.Equal(cpu.Weights, torch.Weights);
        Assert.Equal(cpu.StateLayout, torch.StateLayout);
    }

    [Theory]
    [InlineData("tiny_bf16")]
    [InlineData("d64")]
    public void WriteSlot_StateOfTheCpuRunner_GoesOnWithinTheTolerance(string model)
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Path("golden", model));
        using var cpu = new CpuModelRunner(checkpoint, new CpuRunnerOptions { Threads = 1, SlotCount = 1, MaxRows = 1, MaxTokens = 64 });
        using var torch = new TorchModelRunner(checkpoint, Small);
        var tokens = Enumerable.Range(0, 60).Select(i => i * 7 % 100).ToArray();
        var (here, there) = (new RunnerSession(cpu, 0), new RunnerSession(torch, 3));
        here.Feed(tokens.AsSpan(0, 40));

        torch.WriteSlot(3, here.State);
        there.Position = 40;

        Numerics.AssertSameBits(here.State, there.State, "state that moved");
        Numerics.AssertClose(Doubles(here.Feed(tokens.AsSpan(40))), there.Feed(tokens.AsSpan(40)), 2e-5, "logits");
        Numerics.AssertClose(Doubles(here.State), there.State, 1e-5, "state 20 tokens later");
    }

    // Widths that are no multiple of anything, so that vectors have tails everywhere, and more threads than are good.
    [Fact]
    public void Run_OddSizesAmongOthers_SameBitsAsAlone()
    {
        var folder = RandomModel(new ModelConfig
        {
            EmbeddingSize = 30, HeadCount = 3, LayerCount = 2, InnerSize = 6151, VocabularySize = 101, RotaryDim = 6, TrainedPositions = 64,
        });
        using var checkpoint = Checkpoint.Open(folder);
        using var runner = new TorchModelRunner(checkpoint, Small with { Threads = 3, SlotCount = 6, MaxRows = 6 });
        var plan = new StepPlan(6, 64);
        int[] Tokens(int row) => [.. Enumerable.Range(0, 1 + (row * 5 % 7)).Select(t => (t + row) * 13 % 101)];
        for (var row = 0; row < 6; row++)
        {
            runner.FillSlot(row, 0f);
            plan.Add(row, 1000 * row, Tokens(row), wantsLogits: true);
        }
        var together = new float[6 * 101];

        runner.Run(plan, together);

        for (var row = 0; row < 6; row++)
        {
            var state = new float[runner.StateLayout.ElementCount];
            runner.ReadSlot(row, state);
            var alone = new RunnerSession(runner, row) { Position = 1000 * row };
            float[] expected = [];
            foreach (var token in Tokens(row))
                expected = alone.Feed(token);
            Numerics.AssertSameBits(expected, together.AsSpan(row * 101, 101), $"logits of row {row}");
            Numerics.AssertSameBits(alone.State, state, $"state of row {row}");
        }
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("cuda:1000", "device is 'cuda:1000'; allowed: cpu")]
    [InlineData("cuda:-1", "device is 'cuda:-1'; allowed: cpu")]
    [InlineData("gpu", "device is 'gpu'; allowed: cpu")]
    public void Create_DeviceThatIsNotThere_SaysWhatIs(string device, string expected)
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Path("golden", "tiny"));

        var refusal = Assert.Throws<InferenceException>(() => new TorchModelRunner(checkpoint, Small with { Device = device }));

        Assert.StartsWith(expected, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(WeightFormat.Int8, "weights are int8; allowed with libtorch: f32, bf16")]
    [InlineData(WeightFormat.Int4, "weights are int4; allowed with libtorch: f32, bf16")]
    public void Create_IntegerWeights_AreRefused(WeightFormat weights, string expected)
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Path("golden", "tiny"));

        var refusal = Assert.Throws<InferenceException>(() => new TorchModelRunner(checkpoint, Small with { Weights = weights }));

        Assert.Equal(expected, refusal.Message);
    }

    [Theory]
    [MemberData(nameof(FaultyOptions))]
    public void Create_OptionOutOfRange_Throws(TorchRunnerOptions options)
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Path("golden", "tiny"));

        Assert.Throws<ArgumentOutOfRangeException>(() => new TorchModelRunner(checkpoint, options with { Device = "cpu" }));
    }

    // 262 TB of states: more than any address space of 47 bits.
    [Fact]
    public void Create_MoreStatesThanAnyMemoryHolds_IsOneLine()
    {
        var config = new ModelConfig
        {
            EmbeddingSize = 256, HeadCount = 1, LayerCount = 1000, InnerSize = 2, VocabularySize = 2, RotaryDim = 0, TrainedPositions = 64,
        };

        var refusal = Assert.Throws<InferenceException>(() => new TorchModelRunner(
            config, (_, _, _, _) => throw new InvalidOperationException("weights come after the states"), WeightFormat.F32, Small with { SlotCount = 1_000_000 }));

        Assert.Equal(InferenceError.InvalidArgument, refusal.Error);
        Assert.StartsWith("libtorch failed: ", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
    }

    [Fact]
    public void Create_NativeLibraryThatIsNotThere_NamesIt()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Path("golden", "tiny"));

        var refusal = Assert.Throws<InferenceException>(() => new TorchModelRunner(checkpoint, Small with { NativeLibrary = "/no/such.so" }));

        Assert.Equal("/no/such.so: the native library cannot be loaded", refusal.Message);
    }

    [Fact]
    public void Run_ProvisionalRow_IsRefused()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Path("golden", "tiny"));
        using var runner = new TorchModelRunner(checkpoint, Small);
        var plan = new StepPlan(1, 4);
        plan.Add(0, 0, [1], 1, provisional: true);

        Assert.Equal(0, runner.MaxProvisionalRows);
        Assert.Throws<ArgumentOutOfRangeException>(() => runner.Run(plan));
        Assert.Throws<ArgumentOutOfRangeException>(() => runner.Commit(0, 1));
    }

    [Fact]
    public void Logits_RowThatWasNotWanted_IsRefused()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Path("golden", "tiny"));
        using var runner = new TorchModelRunner(checkpoint, Small);
        var plan = new StepPlan(1, 4);
        plan.Add(0, 0, [1, 2], 2);

        runner.Run(plan);

        Assert.Equal(runner.VocabularySize, runner.Logits(1).Length);
        Assert.Equal(-1, runner.Drawn(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => runner.Logits(2).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => runner.Drawn(-1));
    }

    private static string RandomModel(ModelConfig config)
    {
        var folder = Directory.CreateTempSubdirectory("cottention-model-").FullName;
        using var model = new CottentionModel(config);
        model.Initialize(-1, 1, new Generator(1));
        ModelFolder.Save(model, folder, SafetensorsDtype.F32);
        return folder;
    }

    private static double[] Doubles(float[] values) => Array.ConvertAll(values, value => (double)value);
}
