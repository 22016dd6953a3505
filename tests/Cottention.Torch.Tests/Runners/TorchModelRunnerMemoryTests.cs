using Cottention.Conformance;
using Cottention.Inference;
using Cottention.Inference.Model;
using Cottention.Inference.Runners;
using Cottention.Inference.Runners.Cpu;
using Cottention.Torch.Runners;
using static TorchSharp.torch;

namespace Cottention.Torch.Tests.Runners;

/// <summary>Memory of the process, so no other test runs beside it.</summary>
[CollectionDefinition(nameof(TorchModelRunnerMemoryTests), DisableParallelization = true)]
[Collection(nameof(TorchModelRunnerMemoryTests))]
public sealed class TorchModelRunnerMemoryTests
{
    [Fact]
    public void Run_ThousandsOfSteps_ProcessDoesNotGrow()
    {
        const int windows = 4, steps = 1500;
        const long bound = 4 << 20;
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
        var tensors = Tensor.TotalCount;
        Assert.True(tensors > 0, "the runner holds its weights");
        var growth = new List<long>();
        for (var window = 0; window < windows; window++)
        {
            var before = Resident();
            Steps(steps);
            growth.Add(Resident() - before);
        }

        // What the process gives back or takes late from the tests before shows in some windows; a leak shows in each. One of a small
        // tensor an operation would be 100 MB a window.
        Assert.InRange(growth.Min(), long.MinValue, bound);
        // Tensors that tests before left to the finalizer may be gone by now.
        Assert.InRange(Tensor.TotalCount, 1, tensors);

        void Steps(int count)
        {
            for (var step = 0; step < count; step++)
                runner.Run(step % 4 == 0 ? prefill : decode);
        }
    }

    [Fact]
    public void Slots_FilledCopiedReadWritten_LeaveNoTensor()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Path("golden", "tiny"));
        using var runner = new TorchModelRunner(checkpoint, new TorchRunnerOptions { Device = "cpu", Threads = 1, SlotCount = 2, MaxRows = 1, MaxTokens = 1 });
        var state = new float[runner.StateLayout.ElementCount];
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var before = Tensor.TotalCount;

        for (var i = 0; i < 50; i++)
        {
            runner.FillSlot(0, 1f);
            runner.CopySlot(0, 1);
            runner.ReadSlot(1, state);
            runner.WriteSlot(0, state);
        }

        // No collection in between: what is left would wait for one.
        Assert.InRange(Tensor.TotalCount, 1, before);
    }

    [Fact]
    public void Create_RefusedHalfway_LeavesNoTensor()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Path("golden", "tiny"));
        var options = new TorchRunnerOptions { Device = "cpu", Threads = 1, SlotCount = 2, MaxRows = 1, MaxTokens = 1 };
        using (new TorchModelRunner(checkpoint, options))
        {
            // libtorch is there.
        }
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var before = Tensor.TotalCount;

        foreach (var unreadable in new[] { ModelTensors.Embedding, ModelTensors.OfLayer(1, "mlp.fc_out.bias"), ModelTensors.HeadBias })
            Assert.Throws<InvalidDataException>(() => new TorchModelRunner(checkpoint.Config, (tensor, firstRow, rowCount, values) =>
            {
                if (tensor == unreadable)
                    throw new InvalidDataException();
                checkpoint.ReadRows(tensor, firstRow, rowCount, values);
            }, WeightFormat.F32, options));
        Assert.Throws<InferenceException>(() => new TorchModelRunner(checkpoint, options with { NativeLibrary = "/no/such.so" }));

        // No collection in between: what is left would wait for one.
        Assert.InRange(Tensor.TotalCount, 0, before);
    }

    private static long Resident()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        return process.WorkingSet64;
    }
}
