using System.Globalization;
using Cottention.Inference;
using Cottention.Inference.Model;
using Cottention.Torch;
using Cottention.Training.Data;
using Cottention.Training.Display;
using Cottention.Training.Evaluation;
using Cottention.Training.Text;
using static TorchSharp.torch;

namespace Cottention.Training;

/// <summary>
/// A run from text to model: learns the vocabulary, turns text into tokens, trains, writes checkpoints, and exports the
/// model. What is found in the run's folder is used again, so a stopped run goes on where its last checkpoint was written.
/// </summary>
internal sealed class TrainingRun(RunSettings settings)
{
    private const int LogInterval = 20;
    private const int ValidationRows = 32;
    private const int SampleTokens = 100;
    private const double SampleTemperature = 0.8;

    private readonly RunFolder _folder = new(settings.Out);

    /// <summary>Runs to the last step, or until it is cancelled: then a checkpoint is written and nothing is exported.</summary>
    public void Execute(CancellationToken cancellation)
    {
        var tokenizer = LearnVocabulary();
        var cache = new TokenCache(_folder.Tokens, tokenizer);
        DocumentSet[] sets = [.. settings.Data.Select(cache.Load)];
        DocumentSet[] validationSets = [.. settings.Valid.Select(cache.Load)];
        foreach (var set in sets)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{set.Name}: {set.Count:N0} documents, {set.Tokens.Length:N0} tokens"));

        using var trainer = new Trainer(settings.Options, sets, [.. settings.Data.Select(s => s.Weight)], tokenizer.Size, settings.Device);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{trainer.Model.parameters().Sum(p => p.numel()):N0} parameters, {settings.Options.TokensPerStep:N0} tokens a step"));
        if (settings.From is { } from && !File.Exists(_folder.Checkpoint))
            BeginWith(from, trainer.Model);
        if (File.Exists(_folder.Checkpoint))
        {
            trainer.Resume(_folder.Checkpoint);
            Console.WriteLine($"resumed after step {trainer.Step}");
        }
        var meter = new RunMeter(settings.Options.Steps, settings.Options.TokensPerStep);
        RunDisplay.Show(meter, settings.Options.Steps, display => Train(trainer, tokenizer, validationSets, meter, display, cancellation));
        if (!cancellation.IsCancellationRequested)
            Export(trainer.Model, _folder.Tokenizer, _folder.Model);
    }

    /// <summary>Writes a model with its vocabulary: a folder that the server loads.</summary>
    public static void Export(CottentionModel model, string tokenizerFolder, string target)
    {
        ModelFolder.Save(model, target);
        CopyTokenizer(tokenizerFolder, target);
    }

    /// <summary>The vocabulary, and the chat format where there is one.</summary>
    private static void CopyTokenizer(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in new[] { BpeVocabulary.VocabularyFile, BpeVocabulary.MergesFile, BpeVocabulary.ConfigFile })
            File.Copy(Path.Combine(from, file), Path.Combine(to, file), overwrite: true);
        var chatFormat = Path.Combine(from, ChatFormat.FileName);
        if (File.Exists(chatFormat))
            File.Copy(chatFormat, Path.Combine(to, ChatFormat.FileName), overwrite: true);
    }

    private static void BeginWith(string folder, CottentionModel model)
    {
        using var begun = ModelFolder.Load(folder);
        if (begun.Config with { TrainedPositions = 0 } != model.Config with { TrainedPositions = 0 })
            throw new InferenceException(InferenceError.InvalidModel, $"{folder}: is a model of other sizes: {begun.Config}; asked for: {model.Config}.");
        using var noGradient = no_grad();
        foreach (var ((_, target), (_, source)) in model.named_parameters().Zip(begun.named_parameters()))
            target.copy_(source);
        Console.WriteLine($"begun with the weights of {folder}");
    }

    private void Train(
        Trainer trainer, CorpusTokenizer tokenizer, DocumentSet[] validationSets, RunMeter meter, RunDisplay display, CancellationToken cancellation)
    {
        var log = new RunLog(_folder.Log, trainer.Step);
        var saved = TimeProvider.System.GetTimestamp();
        while (trainer.Step < settings.Options.Steps && !cancellation.IsCancellationRequested)
        {
            var report = trainer.TakeStep();
            meter.Add(report);
            display.Report(report);
            if (report.Step % LogInterval == 0)
                log.Add(report, meter.TokensPerSecond);
            if (report.Step % settings.ValidateEvery == 0)
                Validate(trainer.Model, validationSets, report, log, display);
            if (report.Step % settings.SampleEvery == 0)
                display.Note(new TextSampler(trainer.Model, tokenizer).Continue(
                    settings.SamplePrompt, SampleTokens, SampleTemperature, settings.Options.Seed));
            if (TimeProvider.System.GetElapsedTime(saved) >= settings.CheckpointInterval)
            {
                trainer.Save(_folder.Checkpoint);
                saved = TimeProvider.System.GetTimestamp();
            }
        }
        trainer.Save(_folder.Checkpoint);
    }

    private void Validate(CottentionModel model, DocumentSet[] sets, StepReport report, RunLog log, RunDisplay display)
    {
        foreach (var set in sets)
        {
            var loss = Validation.Loss(model, set, ValidationRows, settings.Options.Length);
            log.AddValidation(report, set.Name, loss);
            display.Note(string.Create(CultureInfo.InvariantCulture, $"step {report.Step}  {set.Name}  loss {loss:F4}  perplexity {Math.Exp(loss):F2}"));
        }
    }

    /// <summary>A word counts as often as the training will see it: by its source's weight a character.</summary>
    private CorpusTokenizer LearnVocabulary()
    {
        if (settings.From is { } from)
            CopyTokenizer(from, _folder.Tokenizer);
        else if (!File.Exists(Path.Combine(_folder.Tokenizer, BpeVocabulary.MergesFile)))
        {
            var trainer = new BpeTrainer();
            var densities = settings.Data.Select(source => source.Weight / source.Documents().Sum(document => (double)document.Length)).ToArray();
            foreach (var (source, density) in settings.Data.Zip(densities))
                foreach (var document in source.Documents())
                    trainer.Add(document, (long)Math.Round(density / densities.Min()));
            trainer.Train(settings.Options.Vocabulary).Save(_folder.Tokenizer);
        }
        return CorpusTokenizer.Load(_folder.Tokenizer, settings.Options);
    }
}
