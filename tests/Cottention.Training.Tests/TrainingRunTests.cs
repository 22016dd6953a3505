using Cottention.Inference;
using Cottention.Inference.Model;
using Cottention.Torch;
using Cottention.Training.Evaluation;
using Cottention.Training.Text;

namespace Cottention.Training.Tests;

public sealed class TrainingRunTests : IDisposable
{
    private readonly ToyText _toy = new();
    private readonly RunFolder _folder;
    private readonly RunSettings _settings;

    public TrainingRunTests()
    {
        _folder = new RunFolder(Path.Combine(_toy.Folder, "run"));
        _settings = new RunSettings
        {
            Options = new TrainingOptions
            {
                Vocabulary = 300, Width = 32, Heads = 2, Layers = 1, Inner = 48, RotaryDim = 8, Length = 32, Batch = 4, Steps = 12, Warmup = 3, LearningRate = 1e-2,
            },
            Data = [_toy.Source],
            Valid = [_toy.Source],
            Out = _folder.Root,
            ValidateEvery = 6,
            SampleEvery = 12,
        };
    }

    public void Dispose() => _toy.Dispose();

    [Fact]
    public void Execute_ToTheEnd_LeavesAModelThatLoads()
    {
        new TrainingRun(_settings).Execute(CancellationToken.None);

        using var model = ModelFolder.Load(_folder.Model);
        var tokenizer = CorpusTokenizer.Load(_folder.Model, model.Config);
        Assert.Equal(tokenizer.Size, model.Config.VocabularySize);
        Assert.Equal(tokenizer.EndOfText, model.Config.EosTokenId);
        Assert.StartsWith("Ann", new TextSampler(model, tokenizer).Continue("Ann", 5, 0.8, 1), StringComparison.Ordinal);
    }

    [Fact]
    public void Execute_ToTheEnd_StoresMatricesAsBFloat16AndTheRestAsFloat32()
    {
        new TrainingRun(_settings).Execute(CancellationToken.None);

        using var file = SafetensorsFile.Open(Path.Combine(_folder.Model, "model.safetensors"));
        Assert.All(file.Tensors, tensor => Assert.Equal(tensor.Shape.Count == 2 ? SafetensorsDtype.BF16 : SafetensorsDtype.F32, tensor.Dtype));
        Assert.Equal([1, 2, 1, 1], file.Find("transformer.h.0.attn.norm_const")?.Shape);
    }

    [Fact]
    public void Execute_Validations_AreInTheLog()
    {
        new TrainingRun(_settings).Execute(CancellationToken.None);

        var lines = File.ReadAllLines(_folder.Log);
        Assert.Equal(2, lines.Count(line => line.Contains(",toy,", StringComparison.Ordinal)));
        Assert.StartsWith("step,tokens,what,loss", lines[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Execute_CancelledThenAgain_EndsWithTheModelOfAnUnbrokenRun()
    {
        new TrainingRun(_settings with { Out = Path.Combine(_toy.Folder, "unbroken") }).Execute(CancellationToken.None);
        new TrainingRun(_settings with { Options = _settings.Options with { Steps = 5 } }).Execute(new CancellationToken(canceled: true));
        Assert.False(Directory.Exists(_folder.Model));

        new TrainingRun(_settings).Execute(CancellationToken.None);

        Assert.Equal(
            File.ReadAllBytes(Path.Combine(_toy.Folder, "unbroken", "model", "model.safetensors")),
            File.ReadAllBytes(Path.Combine(_folder.Model, "model.safetensors")));
    }

    [Fact]
    public void Execute_ValidationsAndTextsAfterEveryStep_ChangeNothingOfTheModel()
    {
        new TrainingRun(_settings).Execute(CancellationToken.None);
        var watched = Path.Combine(_toy.Folder, "watched");

        new TrainingRun(_settings with { Out = watched, ValidateEvery = 1, SampleEvery = 1 }).Execute(CancellationToken.None);

        Assert.Equal(
            File.ReadAllBytes(Path.Combine(_folder.Model, "model.safetensors")),
            File.ReadAllBytes(Path.Combine(watched, "model", "model.safetensors")));
    }

    [Fact]
    public void Execute_FromAModel_BeginsWithItsWeightsAndVocabularyAndChatFormat()
    {
        new TrainingRun(_settings).Execute(CancellationToken.None);
        File.WriteAllText(Path.Combine(_folder.Model, ChatFormat.FileName), """{"first_turn":"{user}","next_turn":"{user}"}""");
        var further = Path.Combine(_toy.Folder, "further");
        var options = _settings.Options with { Vocabulary = 257, Steps = 1, LearningRate = 0, MuonRate = 0, Seed = 7 };

        new TrainingRun(_settings with { From = _folder.Model, Out = further, Options = options }).Execute(CancellationToken.None);

        // Rates of 0: nothing moved.
        foreach (var file in new[] { "model.safetensors", "vocab.json", "merges.txt", ChatFormat.FileName })
            Assert.Equal(File.ReadAllBytes(Path.Combine(_folder.Model, file)), File.ReadAllBytes(Path.Combine(further, "model", file)));
    }

    [Fact]
    public void Execute_FromAModelOfOtherSizes_IsRefusedWithThem()
    {
        new TrainingRun(_settings).Execute(CancellationToken.None);
        var settings = _settings with { From = _folder.Model, Out = Path.Combine(_toy.Folder, "further"), Options = _settings.Options with { Layers = 2 } };

        var refusal = Assert.Throws<InferenceException>(() => new TrainingRun(settings).Execute(CancellationToken.None));

        Assert.Contains("LayerCount = 1", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("LayerCount = 2", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Execute_CheckpointAfterEveryStep_ResumesAtTheLastOne()
    {
        new TrainingRun(_settings with { CheckpointInterval = TimeSpan.Zero }).Execute(CancellationToken.None);

        var progress = TrainingCheckpoint.ReadProgress(_folder.Checkpoint);

        Assert.Equal(12, progress.Step);
        Assert.Equal(_settings.Options, progress.Options);
    }
}
