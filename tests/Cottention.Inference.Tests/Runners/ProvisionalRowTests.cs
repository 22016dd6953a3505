using Cottention.Conformance;
using Cottention.Inference.Runners;
using Cottention.Inference.Runners.Cpu;
using Cottention.Inference.Runners.Cpu.Kernels;

namespace Cottention.Inference.Tests.Runners;

/// <summary>The suite of provisional rows for one instruction set.</summary>
[Collection("cpu threads")]
public abstract class CpuProvisionalRows(KernelChoice kernels) : ProvisionalRowConformance
{
    protected override IModelRunner Create(GoldenModel model, int slotCount, int maxRows, int maxTokens, int provisionalRows, int provisionalTokens) =>
        new CpuModelRunner(model.Config, model.ReadRows, WeightFormat.F32, new CpuRunnerOptions
        {
            Threads = 2,
            Kernels = CpuKernelSet.Supports(kernels) ? kernels : KernelChoice.Auto,
            SlotCount = slotCount,
            MaxRows = maxRows,
            MaxTokens = maxTokens,
            MaxProvisionalRows = provisionalRows,
            MaxProvisionalTokens = provisionalTokens,
        });
}

public sealed class CpuAvx512ProvisionalTests() : CpuProvisionalRows(KernelChoice.Avx512)
{
    [Fact]
    public void Run_MoreThanTheTailsHold_IsRefused()
    {
        using var runner = NewRunner();
        var plan = new StepPlan(4, 32);
        plan.Add(0, 0, new int[runner.MaxProvisionalTokens + 1], 1, provisional: true);
        Assert.Throws<ArgumentOutOfRangeException>(() => runner.Run(plan));

        plan.Clear();
        for (var slot = 0; slot <= runner.MaxProvisionalRows; slot++)
            plan.Add(slot, 0, [1, 2], 1, provisional: true);
        Assert.Throws<ArgumentOutOfRangeException>(() => runner.Run(plan));
    }

    [Fact]
    public void RunCommitCopyRead_AfterWarmUp_AllocateNothing()
    {
        using var runner = NewRunner();
        var plan = new StepPlan(2, 16);
        plan.Add(0, 100, [1, 2, 3, 4], 4, provisional: true);
        plan.Add(1, 100, [5, 6], 2, provisional: true);
        var logits = new float[plan.LogitsCount * runner.VocabularySize];
        var state = new float[runner.StateLayout.ElementCount];
        for (var slot = 0; slot < 4; slot++)
            runner.FillSlot(slot, 0f);
        Round();

        var allocated = Allocations.Of(() =>
        {
            for (var i = 0; i < 20; i++)
                Round();
        });

        Assert.Equal(0, allocated);

        void Round()
        {
            runner.Run(plan, logits);
            runner.Commit(0, 3);
            runner.Commit(1, 1);
            runner.CopySlot(0, 2);
            runner.ReadSlot(1, state);
        }
    }
}

public sealed class CpuAvx2ProvisionalTests() : CpuProvisionalRows(KernelChoice.Avx2);

public sealed class CpuPortableProvisionalTests() : CpuProvisionalRows(KernelChoice.Portable);

/// <summary>The reference keeps the same promises; its sizes have no bound.</summary>
public sealed class NaiveProvisionalTests : ProvisionalRowConformance
{
    protected override IModelRunner Create(GoldenModel model, int slotCount, int maxRows, int maxTokens, int provisionalRows, int provisionalTokens) =>
        new NaiveModelRunner(model, slotCount, maxRows, maxTokens);
}
