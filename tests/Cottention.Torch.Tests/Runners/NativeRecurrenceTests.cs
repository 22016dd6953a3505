using Cottention.Conformance;
using Cottention.Inference.Model;
using Cottention.Inference.Runners;
using Cottention.Torch.Runners;

namespace Cottention.Torch.Tests.Runners;

/// <summary>The native kernel on tensor pointers, here the library's CPU build on CPU tensors. It is slow, so the whole suite does not run on it.</summary>
[Collection(LibtorchThreads.Name)]
public sealed class NativeRecurrenceTests
{
    [NativeTheory]
    [InlineData("tiny", 0)]
    [InlineData("small-rope-none", 1L << 40)]
    [InlineData("d64", 100)]
    public void Run_RaggedPlans_CloseToTorchOperationsAndSameBitsAsAlone(string model, long position)
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Path("golden", model));
        var options = new TorchRunnerOptions { Device = "cpu", Threads = 1, SlotCount = 5, MaxRows = 4, MaxTokens = 32 };
        using var torch = new TorchModelRunner(checkpoint, options);
        using var native = new TorchModelRunner(checkpoint, options with { NativeLibrary = NativeBuild.Use() });
        var (expected, actual) = (new float[4 * torch.VocabularySize], new float[4 * torch.VocabularySize]);
        // 1, 4, 2 and 6 tokens, in slots that are not those of the rows.
        var plan = new StepPlan(4, 32);
        int[][] tokens = [[5], [6, 7, 8, 9], [1, 2], [90, 80, 70, 60, 50, 40]];
        for (var row = 0; row < tokens.Length; row++)
        {
            plan.Add(4 - row, position + row, tokens[row], wantsLogits: true);
            torch.FillSlot(4 - row, 0.25f);
            native.FillSlot(4 - row, 0.25f);
        }

        torch.Run(plan, expected);
        native.Run(plan, actual);

        Assert.Contains("the native kernel", native.Description, StringComparison.Ordinal);
        Numerics.AssertClose(Array.ConvertAll(expected, value => (double)value), actual, 2e-5, "logits");
        for (var row = 0; row < tokens.Length; row++)
        {
            var session = new RunnerSession(native, 0) { Position = position + row };
            native.FillSlot(0, 0.25f);
            float[] logits = [];
            foreach (var token in tokens[row])
                logits = session.Feed(token);
            Numerics.AssertSameBits(logits, actual.AsSpan(row * native.VocabularySize, native.VocabularySize), $"logits of row {row}");
            var state = new float[native.StateLayout.ElementCount];
            native.ReadSlot(4 - row, state);
            Numerics.AssertSameBits(session.State, state, $"state of row {row}");
            torch.ReadSlot(4 - row, state);
            Numerics.AssertClose(Array.ConvertAll(state, value => (double)value), session.State, 1e-5, $"state of row {row}");
        }
    }

    /// <summary>A theory that is skipped, visibly, where no native library can be built.</summary>
    private sealed class NativeTheoryAttribute : TheoryAttribute
    {
        public NativeTheoryAttribute() => Skip = NativeBuild.Unavailable;
    }
}
