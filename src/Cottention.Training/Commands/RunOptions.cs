using System.CommandLine;
using Cottention.Inference.Model;
using Cottention.Torch;
using Cottention.Training.Data;
using Cottention.Training.Optimization;
using TorchSharp;
using static Cottention.Training.Commands.Options;

namespace Cottention.Training.Commands;

/// <summary>The options of a run, for every command that trains.</summary>
internal sealed class RunOptions(TrainingOptions defaults)
{

    private readonly Option<string[]> _data = new("--data")
    {
        Description = "Text file to train on, plain or .gz; each document ends in a line <|endoftext|>. PATH=WEIGHT sets its share of the tokens. May be repeated.",
        Required = true,
    };

    private readonly Option<string[]> _valid = new("--valid") { Description = "Text file to measure the validation loss on. May be repeated." };
    private readonly Option<string> _out = new("--out")
    {
        Description = "Folder of the run: vocabulary, tokens, checkpoint, log.csv, and the model at the end. A run found there is resumed.",
        Required = true,
    };

    private readonly Option<string?> _from = new("--from") { Description = "Folder of a model to begin with: its vocabulary, sizes and weights. Default: a new vocabulary and random weights." };
    private readonly Option<int> _vocabulary = Number("--vocabulary", defaults.Vocabulary, 257, 1 << 16, "Most tokens of the vocabulary.");
    private readonly Option<int> _width = Number("--width", defaults.Width, 2, 1 << 16, "Width of the model, a multiple of the heads.");
    private readonly Option<int> _heads = Number("--heads", defaults.Heads, 1, 1 << 10, "Heads of a layer.");
    private readonly Option<int> _layers = Number("--layers", defaults.Layers, 1, 1 << 10, "Layers.");
    private readonly Option<int> _inner = Number("--inner", defaults.Inner, 1, 1 << 18, "Width of the MLP.");
    private readonly Option<int> _rotaryDim = Number("--rotary-dim", defaults.RotaryDim, 2, 1 << 10, "Rotated components of a head, even.");
    private readonly Option<AttentionKind> _attention = Choice("--attention", defaults.Attention, "Kind of attention; softmax is there to compare with.");
    private readonly Option<int?> _carry = new("--carry") { Description = "Most segments through which a row carries its state and position, a power of two; 1 for none. [default: 16 with cosine, 1 with softmax]" };
    private readonly Option<double> _lowestNormConst = Number("--lowest-norm-const", defaults.LowestNormConst, -10.0, 10, "First norm_const of a layer's first head.");
    private readonly Option<double> _highestNormConst = Number("--highest-norm-const", defaults.HighestNormConst, -10.0, 10, "First norm_const of a layer's last head.");
    private readonly Option<int> _length = Number("--length", defaults.Length, 1, 1 << 14, "Tokens of a segment.");
    private readonly Option<int> _batch = Number("--batch", defaults.Batch, 1, 1 << 14, "Segments of a batch.");
    private readonly Option<int> _accumulate = Number("--accumulate", defaults.Accumulate, 1, 1 << 14, "Batches added up for one step.");
    private readonly Option<long> _steps = Number("--steps", defaults.Steps, 1L, 1L << 40, "Steps of the whole run; may be changed when it is resumed: the learning rate then falls towards that end.");
    private readonly Option<long> _warmup = Number("--warmup", defaults.Warmup, 0L, 1L << 40, "Steps in which the learning rate rises.");
    private readonly Option<OptimizerKind> _optimizer = Choice("--optimizer", defaults.Optimizer, "What moves the matrices of the layers; AdamW moves the rest.");
    private readonly Option<double> _rate = Number("--learning-rate", defaults.LearningRate, 0.0, 1, "Highest learning rate of AdamW.");
    private readonly Option<double> _muonRate = Number("--muon-rate", defaults.MuonRate, 0.0, 1, "Highest learning rate of Muon.");
    private readonly Option<double> _decayShare = Number("--decay-share", defaults.DecayShare, 0.0, 1, "Share of the steps, at the end, in which the learning rate falls.");
    private readonly Option<double> _finalShare = Number("--final-share", defaults.FinalShare, 0.0, 1, "Last learning rate relative to the highest.");
    private readonly Option<double> _weightDecay = Number("--weight-decay", defaults.WeightDecay, 0.0, 10, "Weight decay of matrices.");
    private readonly Option<double> _clip = Number("--clip", defaults.Clip, 1e-6, 1e6, "Longest gradient.");
    private readonly Option<ulong> _seed = Number("--seed", defaults.Seed, ulong.MinValue, ulong.MaxValue, "Decides first weights and order of the data.");
    private readonly Option<bool> _bfloat16 = new("--bfloat16") { Description = "Matrix products in bfloat16: faster where the processor has them, slower elsewhere." };
    private readonly Option<string> _device = new("--device") { Description = "cpu, cuda or cuda:N.", DefaultValueFactory = _ => "cpu" };
    private readonly Option<int> _threads = Number("--threads", 0, 0, 1024, "Threads of libtorch; 0 leaves the choice to it.");
    private readonly Option<double> _checkpointMinutes = Number("--checkpoint-minutes", 5.0, 0, 1e6, "Minutes between checkpoints.");
    private readonly Option<int> _validateEvery = Number("--validate-every", 250, 1, int.MaxValue, "Steps between validations.");
    private readonly Option<int> _sampleEvery = Number("--sample-every", 500, 1, int.MaxValue, "Steps between texts written by the model.");
    private readonly Option<string> _samplePrompt = new("--sample-prompt") { Description = "What these texts begin with.", DefaultValueFactory = _ => "Once upon a time" };

    /// <summary>Adds them to a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="attention">Whether the kind of attention can be chosen; if not, kinds are compared, which needs validation texts.</param>
    public void AddTo(Command command, bool attention)
    {
        _valid.Required = !attention;
        foreach (var option in All().Where(option => attention || (option != _attention && option != _carry)))
            command.Add(option);
        MustExist(_data, text => TextSource.Parse(text).Path);
        MustExist(_valid, text => TextSource.Parse(text).Path);
    }

    /// <summary>What the command line asks for. Threads of libtorch are set at once.</summary>
    /// <exception cref="FormatException">The options make no run; the message says why in one line.</exception>
    public RunSettings Read(ParseResult parse)
    {
        if (parse.GetValue(_threads) is > 0 and var threads)
            torch.set_num_threads(threads);
        var options = ReadOptions(parse);
        if (parse.GetValue(_from) is { } from)
            options = WithSizesOf(from, options, parse);
        options.CheckSizes();
        return new RunSettings
        {
            Options = options,
            Data = [.. parse.GetRequiredValue(_data).Select(TextSource.Parse)],
            Valid = [.. (parse.GetValue(_valid) ?? []).Select(TextSource.Parse)],
            Out = parse.GetRequiredValue(_out),
            From = parse.GetValue(_from),
            Device = Devices.Parse(parse.GetRequiredValue(_device)),
            CheckpointInterval = TimeSpan.FromMinutes(parse.GetValue(_checkpointMinutes)),
            ValidateEvery = parse.GetValue(_validateEvery),
            SampleEvery = parse.GetValue(_sampleEvery),
            SamplePrompt = parse.GetRequiredValue(_samplePrompt),
        };
    }

    private Option[] All() =>
    [
        _data, _valid, _out, _from, _vocabulary, _width, _heads, _layers, _inner, _rotaryDim, _attention, _carry, _lowestNormConst, _highestNormConst, _length, _batch,
        _accumulate, _steps, _warmup, _optimizer, _rate, _muonRate, _decayShare, _finalShare, _weightDecay, _clip, _seed, _bfloat16, _device, _threads, _checkpointMinutes,
        _validateEvery, _sampleEvery, _samplePrompt,
    ];

    /// <summary>Sizes that are not given are the model's.</summary>
    private TrainingOptions WithSizesOf(string folder, TrainingOptions options, ParseResult parse)
    {
        var config = ModelConfigReader.Read(folder);
        int Size(Option<int> option, int own) => parse.GetResult(option) is { Implicit: false } ? parse.GetValue(option) : own;
        return options with
        {
            Width = Size(_width, config.EmbeddingSize),
            Heads = Size(_heads, config.HeadCount),
            Layers = Size(_layers, config.LayerCount),
            Inner = Size(_inner, config.InnerSize),
            RotaryDim = Size(_rotaryDim, config.RotaryDim),
        };
    }

    private TrainingOptions ReadOptions(ParseResult parse) => new()
    {
        Vocabulary = parse.GetValue(_vocabulary),
        Width = parse.GetValue(_width),
        Heads = parse.GetValue(_heads),
        Layers = parse.GetValue(_layers),
        Inner = parse.GetValue(_inner),
        RotaryDim = parse.GetValue(_rotaryDim),
        Attention = parse.GetValue(_attention),
        Carry = parse.GetValue(_carry) ?? (parse.GetValue(_attention) == AttentionKind.Cosine ? defaults.Carry : 1),
        LowestNormConst = parse.GetValue(_lowestNormConst),
        HighestNormConst = parse.GetValue(_highestNormConst),
        Length = parse.GetValue(_length),
        Batch = parse.GetValue(_batch),
        Accumulate = parse.GetValue(_accumulate),
        Steps = parse.GetValue(_steps),
        Warmup = parse.GetValue(_warmup),
        Optimizer = parse.GetValue(_optimizer),
        MuonRate = parse.GetValue(_muonRate),
        LearningRate = parse.GetValue(_rate),
        DecayShare = parse.GetValue(_decayShare),
        FinalShare = parse.GetValue(_finalShare),
        WeightDecay = parse.GetValue(_weightDecay),
        Clip = parse.GetValue(_clip),
        Seed = parse.GetValue(_seed),
        BFloat16 = parse.GetValue(_bfloat16),
    };
}
