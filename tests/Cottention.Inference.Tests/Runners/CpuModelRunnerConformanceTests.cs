using Cottention.Conformance;
using Cottention.Inference.Runners;
using Cottention.Inference.Runners.Cpu;
using Cottention.Inference.Runners.Cpu.Kernels;

namespace Cottention.Inference.Tests.Runners;

/// <summary>The conformance suite for one instruction set and weight format. One class at a time: each has spinning threads.</summary>
[Collection("cpu threads")]
public abstract class CpuModelRunnerConformance(KernelChoice kernels, WeightFormat weights) : ModelRunnerConformance
{
    protected override IReadOnlyList<GoldenPrompt> Prompts =>
        weights == WeightFormat.F32 ? GoldenPrompt.All : weights == WeightFormat.Bf16 ? GoldenPrompt.Bf16Weights : [];

    // Rounding this model's float32 weights moves logits by more than the smallest gap between two.
    protected override int GreedyTokens => weights switch { WeightFormat.F32 => int.MaxValue, WeightFormat.Bf16 => 9, WeightFormat.Int8 => 9, _ => 0 };

    protected override WeightFormat Weights => weights.IsQuantized() ? weights : WeightFormat.F32;

    // Where the machine lacks an instruction set its class runs the best one there is.
    protected override IModelRunner Create(GoldenModel model, int slotCount, int maxRows, int maxTokens) =>
        new CpuModelRunner(model.Config, model.ReadRows, WeightFormat.F32, new CpuRunnerOptions
        {
            Threads = 2,
            Kernels = CpuKernelSet.Supports(kernels) ? kernels : KernelChoice.Auto,
            Weights = weights,
            SlotCount = slotCount,
            MaxRows = maxRows,
            MaxTokens = maxTokens,
        });
}

public sealed class CpuAvx512F32Tests() : CpuModelRunnerConformance(KernelChoice.Avx512, WeightFormat.F32);

public sealed class CpuAvx512Bf16Tests() : CpuModelRunnerConformance(KernelChoice.Avx512, WeightFormat.Bf16);

public sealed class CpuAvx2F32Tests() : CpuModelRunnerConformance(KernelChoice.Avx2, WeightFormat.F32);

public sealed class CpuAvx2Bf16Tests() : CpuModelRunnerConformance(KernelChoice.Avx2, WeightFormat.Bf16);

public sealed class CpuPortableF32Tests() : CpuModelRunnerConformance(KernelChoice.Portable, WeightFormat.F32);

public sealed class CpuPortableBf16Tests() : CpuModelRunnerConformance(KernelChoice.Portable, WeightFormat.Bf16);

public sealed class CpuAvx512Int8Tests() : CpuModelRunnerConformance(KernelChoice.Avx512, WeightFormat.Int8);

public sealed class CpuAvx512Int4Tests() : CpuModelRunnerConformance(KernelChoice.Avx512, WeightFormat.Int4);

public sealed class CpuAvx2Int8Tests() : CpuModelRunnerConformance(KernelChoice.Avx2, WeightFormat.Int8);

public sealed class CpuAvx2Int4Tests() : CpuModelRunnerConformance(KernelChoice.Avx2, WeightFormat.Int4);

public sealed class CpuPortableInt8Tests() : CpuModelRunnerConformance(KernelChoice.Portable, WeightFormat.Int8);

public sealed class CpuPortableInt4Tests() : CpuModelRunnerConformance(KernelChoice.Portable, WeightFormat.Int4);
