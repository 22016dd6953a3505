using Cottention.Conformance;
using Cottention.Inference;
using Cottention.Torch;
using Cottention.Training.Data;
using Cottention.Training.Optimization;

namespace Cottention.Training.Tests;

public sealed class TrainerTests : IDisposable
{
    private static readonly TrainingOptions Options = new()
    {
        Width = 32,
        Heads = 2,
        Layers = 2,
        Inner = 48,
        RotaryDim = 8,
        Length = 24,
        Batch = 3,
        Accumulate = 2,
        Steps = 40,
        Warmup = 5,
        LearningRate = 1e-2,
    };

    private readonly ToyText _toy = new();
    private readonly DocumentSet _set;
    private readonly int _vocabulary;

    public TrainerTests()
    {
        var tokenizer = _toy.LearnTokenizer();
        _set = DocumentSet.Tokenize(_toy.Source, tokenizer);
        _vocabulary = tokenizer.Size;
    }

    public void Dispose() => _toy.Dispose();

    [Fact]
    public void TakeStep_ToyText_LowersTheLoss()
    {
        using var trainer = Make(Options);

        var losses = Enumerable.Range(0, 40).Select(_ => trainer.TakeStep().Loss).ToArray();

        // Nothing learnt: every token is as likely as another.
        Numerics.AssertClose([Math.Log(_vocabulary)], [losses[0]], 0.1, "first loss");
        Assert.InRange(losses[^5..].Average(), 0, losses[0] / 2);
    }

    [Fact]
    public void TakeStep_SameSeed_GivesTheSameLosses() => Assert.Equal(Losses(Options, 6), Losses(Options, 6));

    [Fact]
    public void TakeStep_OtherSeed_GivesOtherLosses() => Assert.NotEqual(Losses(Options, 2), Losses(Options with { Seed = 2 }, 2));

    [Fact]
    public void TakeStep_BFloat16Products_StaysNearFloat32()
    {
        var (plain, coarse) = (Losses(Options, 10), Losses(Options with { BFloat16 = true }, 10));

        Numerics.AssertClose(plain, coarse, 0.1, "loss");
        Assert.NotEqual(plain, coarse);
    }

    [Theory]
    [InlineData(AttentionKind.Cosine, 16, false)]
    [InlineData(AttentionKind.Cosine, 1, true)]
    [InlineData(AttentionKind.Softmax, 1, true)]
    [InlineData(AttentionKind.Softmax, 1, false)]
    public void TakeStep_EveryKind_LowersTheLossAndResumes(AttentionKind attention, int carry, bool muon)
    {
        var options = Options with { Attention = attention, Carry = carry, Optimizer = muon ? OptimizerKind.Muon : OptimizerKind.AdamW };
        var path = Path.Combine(_toy.Folder, "checkpoint.safetensors");
        using var first = Make(options);
        var losses = Enumerable.Range(0, 30).Select(_ => first.TakeStep().Loss).ToArray();
        first.Save(path);

        using var second = Make(options);
        second.Resume(path);

        Assert.InRange(losses[^5..].Average(), 0, losses[0] * 0.6);
        Assert.Equal(first.TakeStep().Loss, second.TakeStep().Loss);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(17)]
    public void Resume_AfterAStop_GivesTheLossesOfAnUnbrokenRun(int stop)
    {
        var path = Path.Combine(_toy.Folder, "checkpoint.safetensors");
        var unbroken = Losses(Options, stop + 10);
        using (var first = Make(Options))
        {
            for (var step = 0; step < stop; step++)
                first.TakeStep();
            first.Save(path);
            // What happens after the checkpoint is lost with the process.
            first.TakeStep();
        }

        using var second = Make(Options);
        second.Resume(path);

        Assert.Equal(stop, second.Step);
        Assert.Equal(unbroken[stop..], Enumerable.Range(0, 10).Select(_ => second.TakeStep().Loss));
    }

    [Fact]
    public void Resume_OtherSteps_IsAllowed()
    {
        var path = SaveAfterOneStep();

        using var trainer = Make(Options with { Steps = 99 });
        trainer.Resume(path);

        Assert.Equal(1, trainer.Step);
    }

    [Fact]
    public void Resume_OtherOptions_IsRefused()
    {
        var path = SaveAfterOneStep();

        using var trainer = Make(Options with { LearningRate = 0.5 });
        var refusal = Assert.Throws<InferenceException>(() => trainer.Resume(path));

        Assert.Equal(InferenceError.InvalidModel, refusal.Error);
        Assert.Contains("LearningRate = 0.5", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Resume_CheckpointCutShort_IsRefused()
    {
        var path = SaveAfterOneStep();
        using (var file = File.OpenWrite(path))
            file.SetLength(file.Length / 2);

        using var trainer = Make(Options);

        Assert.Equal(InferenceError.InvalidModel, Assert.Throws<InferenceException>(() => trainer.Resume(path)).Error);
    }

    [Fact]
    public void TakeStep_RateFarTooHigh_ReportsThatTheRunDiverged()
    {
        using var trainer = Make(Options with { LearningRate = 1e20, WeightDecay = 0, Warmup = 0 });

        Assert.Throws<TrainingDivergedException>(() => Enumerable.Range(0, 10).Select(_ => trainer.TakeStep()).ToArray());
    }

    private string SaveAfterOneStep()
    {
        var path = Path.Combine(_toy.Folder, "checkpoint.safetensors");
        using var trainer = Make(Options);
        trainer.TakeStep();
        trainer.Save(path);
        return path;
    }

    private double[] Losses(TrainingOptions options, int steps)
    {
        using var trainer = Make(options);
        return [.. Enumerable.Range(0, steps).Select(_ => trainer.TakeStep().Loss)];
    }

    private Trainer Make(TrainingOptions options) => new(options, [_set], [1], _vocabulary);
}
