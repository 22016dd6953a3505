using Cottention.Conformance;
using Cottention.Inference.Runners;
using Cottention.Inference.Runners.Cpu;

namespace Cottention.Cuda.Tests;

/// <summary>The conformance suite through the native library, float32.</summary>
[NeedsNativeLibrary]
public sealed class CudaF32Tests : ModelRunnerConformance
{
    protected override IModelRunner Create(GoldenModel model, int slotCount, int maxRows, int maxTokens) =>
        CudaTestRunner.Create(model, new CudaRunnerOptions { SlotCount = slotCount, MaxRows = maxRows, MaxTokens = maxTokens });
}

/// <summary>The same in bfloat16: what is multiplied with the weights is rounded as well, so numbers are farther from the reference; bits are still the same however tokens are split.</summary>
[NeedsNativeLibrary]
public sealed class CudaBf16Tests : ModelRunnerConformance
{
    // Rounded to 8 bits, activations move these logits, which are about 1, by 0.6 % on average and 0.024 at most.
    private const double LogitsTolerance = 4e-2;

    protected override IReadOnlyList<GoldenPrompt> Prompts => [.. GoldenPrompt.Bf16Weights.Select(prompt => prompt with { LogitsTolerance = LogitsTolerance })];

    protected override int GreedyTokens => 9;

    // 0.012 at most was seen.
    protected override double ToleranceFactor => 1000;

    protected override IModelRunner Create(GoldenModel model, int slotCount, int maxRows, int maxTokens) =>
        CudaTestRunner.Create(model, new CudaRunnerOptions { Weights = WeightFormat.Bf16, SlotCount = slotCount, MaxRows = maxRows, MaxTokens = maxTokens });
}
