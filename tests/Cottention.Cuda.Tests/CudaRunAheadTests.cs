using Cottention.Conformance;
using Cottention.Inference.Runners;
using Cottention.Inference.Runners.Cpu;

namespace Cottention.Cuda.Tests;

/// <summary>The suite of steps that run ahead through the native library, for one weight format and interval of folding.</summary>
public abstract class CudaRunAhead(WeightFormat weights, int foldInterval) : RunAheadConformance
{
    protected override IModelRunner Create(GoldenModel model, int slotCount, int maxRows, int maxTokens) => CudaTestRunner.Create(
        model, new CudaRunnerOptions { Weights = weights, SlotCount = slotCount, MaxRows = maxRows, MaxTokens = maxTokens, FoldInterval = foldInterval });
}

[NeedsNativeLibrary]
public sealed class CudaF32RunAheadTests() : CudaRunAhead(WeightFormat.F32, foldInterval: 16);

[NeedsNativeLibrary]
public sealed class CudaBf16RunAheadTests() : CudaRunAhead(WeightFormat.Bf16, foldInterval: 5);
