using Cottention.Conformance;
using Cottention.Inference.Engine;
using Cottention.Inference.Model;
using Cottention.Inference.Runners;
using Cottention.Inference.Runners.Cpu;
using Cottention.Inference.Sampling;
using Cottention.Inference.Tokenization;
using Cottention.Torch.Runners;

namespace Cottention.Torch.Tests.Runners;

/// <summary>The engine on libtorch says what it says on the CPU runner, and sessions move between the two.</summary>
[Collection(LibtorchThreads.Name)]
public sealed class TorchEngineTests : EngineConformance
{
    protected override int Drafts => 0;

    // As of a plan.
    protected override long AllocatedBytesOfAStep => 256 * 1024;

    public static TheoryData<float> Temperatures => [0f, 0.8f];

    [Theory]
    [MemberData(nameof(Temperatures))]
    public async Task Generate_Tiny_SameTokensAsOnTheCpuRunner(float temperature)
    {
        await using var cpu = new TestEngine();
        await using var torch = new TestEngine(create: Create);
        var request = Request(temperature);

        Assert.Equal((await cpu.RunAsync(request)).Tokens(), (await torch.RunAsync(request)).Tokens());
    }

    [Fact]
    public void Run_ShippedModelGreedily_SameTextAsTheCpuRunner()
    {
        var folder = Path.Combine(Fixtures.RepositoryRoot, "deploy", "models", "cottention-stories");
        using var checkpoint = Checkpoint.Open(folder);
        var tokenizer = TextTokenizer.Load(folder, checkpoint.Config);
        using var cpu = new CpuModelRunner(checkpoint, new CpuRunnerOptions { Threads = 1, SlotCount = 1, MaxRows = 1, MaxTokens = 64 });
        using var torch = new TorchModelRunner(checkpoint, new TorchRunnerOptions { Device = "cpu", Threads = 1, SlotCount = 1, MaxRows = 1, MaxTokens = 64 });
        var prompt = tokenizer.Encode("Once upon a time, there was a");

        var expected = Greedy(cpu);

        Assert.Equal(expected, Greedy(torch));
        Assert.Equal(40, expected.Length);

        int[] Greedy(IModelRunner runner)
        {
            var session = new RunnerSession(runner, 0);
            var logits = session.Feed(prompt);
            var text = new List<int>();
            for (var i = 0; i < 40; i++)
            {
                text.Add(Array.IndexOf(logits, logits.Max()));
                logits = session.Feed(text[^1]);
            }
            return [.. text];
        }
    }

    protected override IModelRunner Create(EngineOptions options)
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Path("tiny-model"));
        return new TorchModelRunner(checkpoint, new TorchRunnerOptions(TestEngine.SizesOf(options)) { Device = "cpu", Threads = 1 });
    }

    private static GenerationRequest Request(float temperature) => new()
    {
        PromptTokens = [7, 8, 9, 10, 11],
        MaxTokens = 24,
        IgnoreEos = true,
        Sampling = new SamplingParameters { Temperature = temperature, Seed = 3 },
    };
}
