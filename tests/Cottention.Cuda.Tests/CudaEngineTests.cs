using Cottention.Conformance;
using Cottention.Inference.Engine;
using Cottention.Inference.Runners;
using Cottention.Inference.Sampling;

namespace Cottention.Cuda.Tests;

/// <summary>The runner inside the engine: the CPU runner's text, whatever the settings, and sessions that go from one to the other.</summary>
[NeedsNativeLibrary]
public sealed class CudaEngineTests : EngineConformance
{
    // Repeats itself, so that drafts begin at once.
    private static readonly int[] Prompt = [.. Enumerable.Range(0, 24).Select(i => 60 + (i % 12))];

    private static readonly Dictionary<string, GenerationRequest> Requests = new()
    {
        ["greedy"] = Request(new() { Temperature = 0 }),
        ["sampled freely"] = Request(new()),
        ["top_k"] = Request(new() { Temperature = 0.6f, TopK = 20 }),
        ["top_p, min_p"] = Request(new() { Temperature = 1.2f, TopP = 0.8f, MinP = 0.02f }),
        ["penalties"] = Request(new() { Temperature = 0.5f, RepetitionPenalty = 1.2f }),
        ["stop string"] = Request(new() { Temperature = 0, LogitBias = new Dictionary<int, float> { [64] = 100 } }) with { Stop = [new string('a', 9)], MinTokens = 12 },
    };

    public static TheoryData<string, int> Cases
    {
        get
        {
            var cases = new TheoryData<string, int>();
            foreach (var name in Requests.Keys)
                foreach (var drafts in new[] { 0, 7 })
                    cases.Add(name, drafts);
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Generate_AnyRequest_SameTextAsOnTheCpuRunner(string name, int drafts)
    {
        await using var cpu = new TestEngine(Small);
        await using var cuda = NewEngine(drafts);

        var (expected, actual) = (await cpu.RunAsync(Requests[name]), await cuda.RunAsync(Requests[name]));

        Assert.Equal(expected.Tokens(), actual.Tokens());
        Assert.Equal(expected.Text(), actual.Text());
    }

    protected override IModelRunner Create(EngineOptions options) => CudaTestRunner.CreateTiny(options);

    private static GenerationRequest Request(SamplingParameters sampling) =>
        new() { PromptTokens = Prompt, MaxTokens = 32, IgnoreEos = true, Sampling = sampling with { Seed = 11 } };
}
