using Cottention.Conformance;
using Cottention.Inference.Model;
using Cottention.Inference.Runners;
using Cottention.Inference.Runners.Cpu;
using Cottention.Torch.Runners;

namespace Cottention.Torch.Tests.Runners;

/// <summary>The conformance suite on libtorch's CPU build.</summary>
[Collection(LibtorchThreads.Name)]
public abstract class TorchModelRunnerConformance(WeightFormat weights, int threads) : ModelRunnerConformance
{
    protected override IReadOnlyList<GoldenPrompt> Prompts => weights == WeightFormat.F32 ? GoldenPrompt.All : GoldenPrompt.Bf16Weights;

    // As of the CPU runner: rounding this model's float32 weights moves logits by more than the smallest gap between two.
    protected override int GreedyTokens => weights == WeightFormat.F32 ? int.MaxValue : 9;

    // Measured: 43 and 72 KB.
    protected override long AllocatedBytesOfAPlan => 256 * 1024;

    protected override IModelRunner Create(GoldenModel model, int slotCount, int maxRows, int maxTokens)
    {
        using var checkpoint = Checkpoint.Open(model.Folder);
        return new TorchModelRunner(checkpoint, new TorchRunnerOptions
        {
            Device = "cpu",
            Threads = threads,
            Weights = weights,
            SlotCount = slotCount,
            MaxRows = maxRows,
            MaxTokens = maxTokens,
        });
    }
}

public sealed class TorchCpuF32Tests() : TorchModelRunnerConformance(WeightFormat.F32, 1);

public sealed class TorchCpuF32TwoThreadsTests() : TorchModelRunnerConformance(WeightFormat.F32, 2);

public sealed class TorchCpuBf16Tests() : TorchModelRunnerConformance(WeightFormat.Bf16, 1);
