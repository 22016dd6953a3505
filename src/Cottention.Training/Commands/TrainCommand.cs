using System.CommandLine;
using System.Globalization;
using Cottention.Torch;
using Cottention.Training.Data;
using Cottention.Training.Text;
using Spectre.Console;
using TorchSharp;

namespace Cottention.Training.Commands;

/// <summary><c>train</c>: learns a vocabulary, turns text into tokens, trains, and exports the model.</summary>
internal static class TrainCommand
{
    private static readonly TrainingOptions Defaults = new();

    private static readonly Option<string[]> Data = new("--data")
    {
        Description = "Text file, plain or .gz, to train on; documents end in a line <|endoftext|>. PATH=WEIGHT gives its share of the tokens. May be repeated.",
        Required = true,
    };

    private static readonly Option<string[]> Valid = new("--valid") { Description = "Text file to measure the validation loss on. May be repeated." };
    private static readonly Option<string> Out = new("--out") { Description = "Folder of the run: vocabulary, tokens, checkpoint, log and model. A run found there is resumed.", Required = true };
    private static readonly Option<int> Vocabulary = New("--vocabulary", Defaults.Vocabulary, "Most tokens of the vocabulary.");
    private static readonly Option<int> Width = New("--width", Defaults.Width, "Width of the model.");
    private static readonly Option<int> Heads = New("--heads", Defaults.Heads, "Heads of a layer.");
    private static readonly Option<int> Layers = New("--layers", Defaults.Layers, "Layers.");
    private static readonly Option<int> Inner = New("--inner", Defaults.Inner, "Width of the MLP.");
    private static readonly Option<int> RotaryDim = New("--rotary-dim", Defaults.RotaryDim, "Rotated components of a head.");
    private static readonly Option<int> Length = New("--length", Defaults.Length, "Tokens of a segment.");
    private static readonly Option<int> Batch = New("--batch", Defaults.Batch, "Segments of a batch.");
    private static readonly Option<int> Accumulate = New("--accumulate", Defaults.Accumulate, "Batches added up for one step.");
    private static readonly Option<long> Steps = New("--steps", Defaults.Steps, "Steps of the whole run; may be changed when it is resumed.");
    private static readonly Option<long> Warmup = New("--warmup", Defaults.Warmup, "Steps in which the learning rate rises.");
    private static readonly Option<double> Rate = New("--learning-rate", Defaults.LearningRate, "Highest learning rate.");
    private static readonly Option<double> FinalShare = New("--final-share", Defaults.FinalShare, "Last learning rate relative to the highest.");
    private static readonly Option<double> WeightDecay = New("--weight-decay", Defaults.WeightDecay, "Weight decay of matrices.");
    private static readonly Option<double> Clip = New("--clip", Defaults.Clip, "Longest gradient.");
    private static readonly Option<ulong> Seed = New("--seed", Defaults.Seed, "Decides first weights and order of the data.");
    private static readonly Option<bool> BFloat16 = New("--bfloat16", Defaults.BFloat16, "Matrix products in bfloat16: faster where the processor has them, slower elsewhere.");
    private static readonly Option<int> Threads = New("--threads", 0, "Threads of libtorch; 0 for its own choice.");
    private static readonly Option<double> CheckpointMinutes = New("--checkpoint-minutes", 5.0, "Minutes between checkpoints.");
    private static readonly Option<int> ValidateEvery = New("--validate-every", 250, "Steps between validations.");
    private static readonly Option<int> SampleEvery = New("--sample-every", 500, "Steps between texts written by the model.");

    public static Command Create()
    {
        var command = new Command("train", "Trains a model, or resumes a run.");
        foreach (var option in new Option[] { Data, Valid, Out, Vocabulary, Width, Heads, Layers, Inner, RotaryDim, Length, Batch, Accumulate, Steps, Warmup, Rate, FinalShare, WeightDecay, Clip, Seed, BFloat16, Threads, CheckpointMinutes, ValidateEvery, SampleEvery })
            command.Add(option);
        command.SetAction((parse, cancellation) =>
        {
            Run(parse, cancellation);
            return Task.CompletedTask;
        });
        return command;
    }

    private static void Run(ParseResult parse, CancellationToken cancellation)
    {
        var options = ReadOptions(parse);
        var folder = new RunFolder(parse.GetRequiredValue(Out));
        if (parse.GetValue(Threads) is > 0 and var threads)
            torch.set_num_threads(threads);
        TextSource[] sources = [.. parse.GetRequiredValue(Data).Select(TextSource.Parse)];
        TextSource[] validSources = [.. (parse.GetValue(Valid) ?? []).Select(TextSource.Parse)];
        var tokenizer = LearnVocabulary(folder, sources, options.Vocabulary);
        var cache = new TokenCache(folder.Tokens, tokenizer);
        DocumentSet[] sets = [.. sources.Select(cache.Load)];
        DocumentSet[] valid = [.. validSources.Select(cache.Load)];
        foreach (var set in sets)
            AnsiConsole.WriteLine($"{set.Name}: {set.Count:N0} documents, {set.Tokens.Length:N0} tokens");
        using var trainer = new Trainer(options, sets, [.. sources.Select(s => s.Weight)], tokenizer.Size, tokenizer.EndOfText);
        AnsiConsole.WriteLine($"{trainer.Model.parameters().Sum(p => p.numel()):N0} parameters, {options.TokensPerStep:N0} tokens a step");
        var saved = TimeProvider.System.GetTimestamp();
        var sampler = new TextSampler(trainer.Model, tokenizer);
        double mean = 0;
        while (trainer.Step < options.Steps && !cancellation.IsCancellationRequested)
        {
            var report = trainer.TakeStep();
            mean = report.Step == 1 ? report.Loss : 0.98 * mean + 0.02 * report.Loss;
            if (report.Step % 20 == 0)
            {
                var left = trainer.Elapsed / report.Step * (options.Steps - report.Step);
                AnsiConsole.WriteLine(string.Create(CultureInfo.InvariantCulture, $"step {report.Step}/{options.Steps} tokens {report.Tokens:N0} loss {mean:F4} grad {report.GradientLength:F2} lr {report.LearningRate:E2} {options.TokensPerStep / report.Time.TotalSeconds:F0} tok/s left {left:hh\\:mm\\:ss}"));
            }
            if (report.Step % parse.GetValue(ValidateEvery) == 0)
                foreach (var set in valid)
                    AnsiConsole.WriteLine(string.Create(CultureInfo.InvariantCulture, $"step {report.Step} valid {set.Name}: loss {Validation.Loss(trainer.Model, set, 32, options.Length):F4}"));
            if (report.Step % parse.GetValue(SampleEvery) == 0)
                AnsiConsole.WriteLine("sample: " + sampler.Continue("Once upon a time", 100, 0.8, 1));
            if (TimeProvider.System.GetElapsedTime(saved).TotalMinutes > parse.GetValue(CheckpointMinutes))
            {
                trainer.Save(folder.Checkpoint);
                saved = TimeProvider.System.GetTimestamp();
            }
        }
        trainer.Save(folder.Checkpoint);
        Export(trainer.Model, folder);
    }

    private static void Export(CottentionModel model, RunFolder folder)
    {
        ModelFolder.Save(model, folder.Model);
        foreach (var file in Directory.GetFiles(folder.Tokenizer))
            File.Copy(file, Path.Combine(folder.Model, Path.GetFileName(file)), overwrite: true);
    }

    private static TextTokenizer LearnVocabulary(RunFolder folder, TextSource[] sources, int size)
    {
        if (!File.Exists(Path.Combine(folder.Tokenizer, BpeVocabulary.MergesFile)))
        {
            // A word counts as often as the training will see it: by the source's weight a character.
            var trainer = new BpeTrainer();
            var densities = sources.Select(source => source.Weight / source.Documents().Sum(document => (double)document.Length)).ToArray();
            foreach (var (source, density) in sources.Zip(densities))
                foreach (var document in source.Documents())
                    trainer.Add(document, (long)Math.Round(density / densities.Min()));
            trainer.Train(size).Save(folder.Tokenizer);
        }
        return new TextTokenizer(folder.Tokenizer);
    }

    private static TrainingOptions ReadOptions(ParseResult parse) => new()
    {
        Vocabulary = parse.GetValue(Vocabulary),
        Width = parse.GetValue(Width),
        Heads = parse.GetValue(Heads),
        Layers = parse.GetValue(Layers),
        Inner = parse.GetValue(Inner),
        RotaryDim = parse.GetValue(RotaryDim),
        Length = parse.GetValue(Length),
        Batch = parse.GetValue(Batch),
        Accumulate = parse.GetValue(Accumulate),
        Steps = parse.GetValue(Steps),
        Warmup = parse.GetValue(Warmup),
        LearningRate = parse.GetValue(Rate),
        FinalShare = parse.GetValue(FinalShare),
        WeightDecay = parse.GetValue(WeightDecay),
        Clip = parse.GetValue(Clip),
        Seed = parse.GetValue(Seed),
        BFloat16 = parse.GetValue(BFloat16),
    };

    private static Option<T> New<T>(string name, T value, string description) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };
}
