using Cottention.Inference.Runners.Cpu;

namespace Cottention.Inference.Tests.Runners;

public sealed class CpuRunnerMemoryTests
{
    [Theory]
    [InlineData(WeightFormat.F32, 3, 20, 0)]
    [InlineData(WeightFormat.Bf16, 2, 64, 3)]
    [InlineData(WeightFormat.Int8, 3, 32, 4)]
    [InlineData(WeightFormat.Int4, 1, 100, 1)]
    public void Of_ARunner_IsWhatItTakes(WeightFormat weights, int heads, int headDim, int provisionalRows)
    {
        var config = RandomWeights.Config(heads, headDim, rotaryDim: 8, inner: 95, vocabulary: 41);
        var options = new CpuRunnerOptions
        {
            Threads = 2, Weights = weights, SlotCount = 5, MaxRows = 3, MaxTokens = 17, MaxProvisionalRows = provisionalRows, MaxProvisionalTokens = 6,
        };
        using var runner = new CpuModelRunner(config, RandomWeights.ReadRows, WeightFormat.F32, options);

        var memory = CpuRunnerMemory.Of(config, weights, options);

        Assert.Equal(runner.Memory, memory);
        Assert.True(memory.Of(5) > memory.FixedBytes && memory.StepBytes > 0, "a runner takes memory");
    }
}
