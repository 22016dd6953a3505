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
public sealed class TorchEngineTests
{
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
    public async Task Generate_ManyAtOnce_EachGetsTheTokensItGetsAlone()
    {
        await using var torch = new TestEngine(create: Create);
        var requests = Enumerable.Range(1, 8).Select(seed => Request(0.8f, seed)).ToArray();
        var expected = new List<int[]>();
        foreach (var request in requests)
            expected.Add((await torch.RunAsync(request)).Tokens());

        var actual = await Task.WhenAll(requests.Select(request => torch.RunAsync(request)));

        Assert.Equal(expected, actual.Select(events => events.Tokens()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Session_ContinuedOnTheOtherRunner_TextGoesOnAsOnOne(bool torchFirst)
    {
        var request = Request(0.8f) with { SessionId = "s", MaxTokens = 16 };
        await using var whole = new TestEngine();
        var first = torchFirst ? new TestEngine(create: Create) : new TestEngine();
        foreach (var test in new[] { whole, first })
        {
            await test.Host.CreateAsync("s", 1, default);
            await test.RunAsync(request);
        }

        await using var second = await first.RestartAsync(create: torchFirst ? TestEngine.NewCpuRunner : Create);

        Assert.Equal((await whole.RunAsync(request)).Tokens(), (await second.RunAsync(request)).Tokens());
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

    private static GenerationRequest Request(float temperature, int seed = 3) => new()
    {
        PromptTokens = [7, 8, 9, 10, 11],
        MaxTokens = 24,
        IgnoreEos = true,
        Sampling = new SamplingParameters { Temperature = temperature, Seed = (ulong)seed },
    };

    private static TorchModelRunner Create(EngineOptions options)
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Path("tiny-model"));
        return new TorchModelRunner(checkpoint, new TorchRunnerOptions
        {
            Device = "cpu",
            Threads = 1,
            SlotCount = options.TotalSlots,
            MaxRows = options.TotalRows,
            MaxTokens = options.TokenBudget,
        });
    }
}
