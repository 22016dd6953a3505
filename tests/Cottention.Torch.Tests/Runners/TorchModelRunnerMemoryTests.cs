using Cottention.Conformance;
using Cottention.Inference.Model;
using Cottention.Inference.Runners;
using Cottention.Torch.Runners;

namespace Cottention.Torch.Tests.Runners;

/// <summary>Memory of the process, so no other test runs beside it.</summary>
[CollectionDefinition(nameof(TorchModelRunnerMemoryTests), DisableParallelization = true)]
[Collection(nameof(TorchModelRunnerMemoryTests))]
public sealed class TorchModelRunnerMemoryTests
{
    [Fact]
    public void Run_ThousandsOfSteps_ProcessDoesNotGrow()
    {
        const int steps = 6000;
        const long bound = 16 << 20;
        using var checkpoint = Checkpoint.Open(Fixtures.Path("golden", "d64"));
        using var runner = new TorchModelRunner(checkpoint, new TorchRunnerOptions { Device = "cpu", Threads = 1, SlotCount = 4, MaxRows = 4, MaxTokens = 64 });
        var (decode, prefill) = (new StepPlan(4, 64), new StepPlan(4, 64));
        for (var slot = 0; slot < 4; slot++)
        {
            runner.FillSlot(slot, 0f);
            decode.Add(slot, 100, [slot], wantsLogits: true);
            prefill.Add(slot, 0, [1, 2, 3, 4, 5], wantsLogits: slot == 0);
        }
        Steps(500);
        var before = Residents();

        Steps(steps);

        // A leak of one small tensor an operation would be 500 MB.
        Assert.InRange(Residents() - before, long.MinValue, bound);

        void Steps(int count)
        {
            for (var step = 0; step < count; step++)
                runner.Run(step % 4 == 0 ? prefill : decode);
        }
    }

    private static long Residents()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        return process.WorkingSet64;
    }
}
