using Cottention.Conformance;
using Cottention.Inference.Runners;
using Cottention.Inference.Runners.Cpu;

namespace Cottention.Cuda.Tests;

/// <summary>The suite of provisional rows through the native library, for one weight format and interval of folding.</summary>
public abstract class CudaProvisionalRows(WeightFormat weights, int foldInterval) : ProvisionalRowConformance
{
    protected override IModelRunner Create(GoldenModel model, int slotCount, int maxRows, int maxTokens, int provisionalRows, int provisionalTokens) =>
        CudaTestRunner.Create(model, new CudaRunnerOptions
        {
            Weights = weights,
            SlotCount = slotCount,
            MaxRows = maxRows,
            MaxTokens = maxTokens,
            MaxProvisionalRows = provisionalRows,
            MaxProvisionalTokens = provisionalTokens,
            FoldInterval = foldInterval,
        });
}

[NeedsNativeLibrary]
public sealed class CudaF32ProvisionalTests() : CudaProvisionalRows(WeightFormat.F32, foldInterval: 16);

[NeedsNativeLibrary]
public sealed class CudaBf16ProvisionalTests() : CudaProvisionalRows(WeightFormat.Bf16, foldInterval: 16);

[NeedsNativeLibrary]
public sealed class CudaShortFoldProvisionalTests() : CudaProvisionalRows(WeightFormat.F32, foldInterval: 1);
