using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Cottention.Torch;
using Cottention.Training.Data;
using Cottention.Training.Evaluation;
using Cottention.Training.Measurement;
using Cottention.Training.Text;
using TorchSharp;

namespace Cottention.Training.Comparison;

/// <summary>
/// Cosine attention against softmax attention: equal sizes, seed, data, order and steps. Trains what is to be compared, then
/// measures speed and memory. Each part is written to comparison.json as soon as it is there, and is not done again.
/// </summary>
internal sealed class ComparisonRun
{
    private const int SpeedRounds = 5, SpeedSteps = 4;
    private const int ValidationRows = 64;
    private const int BidirectionalWidth = 512, BidirectionalHeads = 8;

    // S x S matrices of a head that are there at once, forward and back.
    private const double ExplicitMatrices = 6;

    private static readonly int[] TrainingTokens = [256, 512, 1024, 2048, 4096, 8192, 16_384];
    private static readonly int[] GenerationPositions = [1024, 4096, 16_384, 65_536, 262_144];
    private static readonly int[] BidirectionalTokens = [512, 1024, 2048, 4096, 8192, 16_384, 32_768];
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };

    private readonly RunSettings _settings;
    private readonly double _memoryLimit;
    private readonly int _mostTokens;
    private readonly string _file;
    private readonly ComparisonResult _result;

    /// <param name="settings">What the runs share; its folder holds them.</param>
    /// <param name="memoryLimit">Bytes above which a workload with an S x S matrix is left out.</param>
    /// <param name="mostTokens">Longest sequence to measure the memory of.</param>
    public ComparisonRun(RunSettings settings, double memoryLimit, int mostTokens)
    {
        (_settings, _memoryLimit, _mostTokens) = (settings, memoryLimit, mostTokens);
        Directory.CreateDirectory(settings.Out);
        _file = Path.Combine(settings.Out, "comparison.json");
        var kept = File.Exists(_file) ? JsonSerializer.Deserialize<ComparisonResult>(File.ReadAllText(_file)) : null;
        if (kept is not null && kept.Options != settings.Options)
            throw new InvalidDataException($"{_file}: is a comparison with other options: {kept.Options}; asked for: {settings.Options}.");
        _result = kept ?? new ComparisonResult { Machine = Machine(), Options = settings.Options };
    }

    /// <summary>Does what is not done yet, and writes COMPARISON.md. Cancelled, it goes on there the next time.</summary>
    public async Task ExecuteAsync(CancellationToken cancellation)
    {
        _result.Runs ??= Train(cancellation);
        Keep(cancellation);
        _result.Speeds ??= MeasureSpeed(cancellation);
        Keep(cancellation);
        var kinds = Enum.GetValues<AttentionKind>();
        _result.Training ??= await MeasureAsync("train", "--attention", kinds, TrainingTokens, Causal, cancellation);
        Keep(cancellation);
        _result.Generation ??= await MeasureAsync("generate", "--attention", kinds, GenerationPositions, Causal, cancellation);
        Keep(cancellation);
        _result.Bidirectional ??= await MeasureAsync("bidirectional", "--kind", Enum.GetValues<BidirectionalKind>(), BidirectionalTokens, ["--width", Text(BidirectionalWidth), "--heads", Text(BidirectionalHeads)], cancellation);
        Keep(cancellation);
        var report = Path.Combine(_settings.Out, "COMPARISON.md");
        await File.WriteAllTextAsync(report, ComparisonReport.Write(_result), cancellation);
        Console.WriteLine(report);
    }

    private string[] Causal =>
    [
        "--width", Text(_settings.Options.Width), "--heads", Text(_settings.Options.Heads), "--layers", Text(_settings.Options.Layers),
        "--inner", Text(_settings.Options.Inner), "--rotary-dim", Text(_settings.Options.RotaryDim), "--vocabulary", Text(_settings.Options.Vocabulary),
    ];

    private List<TrainedRun> Train(CancellationToken cancellation) =>
    [
        Train("cosine", AttentionKind.Cosine, carry: 1, cancellation),
        Train("softmax", AttentionKind.Softmax, carry: 1, cancellation),
        Train("cosine-carry", AttentionKind.Cosine, _settings.Options.Carry, cancellation),
    ];

    private TrainedRun Train(string name, AttentionKind attention, int carry, CancellationToken cancellation)
    {
        Console.WriteLine($"== {name}");
        var folder = new RunFolder(Path.Combine(_settings.Out, name));
        var options = _settings.Options with { Attention = attention, Carry = carry };
        // All runs have the vocabulary of the first.
        var first = new RunFolder(Path.Combine(_settings.Out, "cosine"));
        if (folder != first)
            Copy(first.Tokenizer, folder.Tokenizer);
        new TrainingRun(_settings with { Options = options, Out = folder.Root }).Execute(cancellation);
        cancellation.ThrowIfCancellationRequested();

        var tokenizer = CorpusTokenizer.Load(folder.Tokenizer, options);
        using var model = new CottentionModel(options.ModelConfig(tokenizer.Size), attention: attention);
        TrainingCheckpoint.ReadWeights(folder.Checkpoint, model);
        var losses = _settings.Valid.ToDictionary(
            source => source.Name,
            source => Validation.Loss(model, DocumentSet.Tokenize(source, tokenizer), ValidationRows, options.Length));
        return new TrainedRun(name, model.parameters().Sum(p => p.numel()), options.Steps * options.TokensPerStep, losses);
    }

    /// <summary>Both kinds in turn, so that what else the machine does meets both alike.</summary>
    private List<SpeedSample> MeasureSpeed(CancellationToken cancellation)
    {
        Console.WriteLine("== speed");
        var options = _settings.Options with { Carry = 1 };
        var folder = new RunFolder(Path.Combine(_settings.Out, "cosine"));
        var cache = new TokenCache(folder.Tokens, CorpusTokenizer.Load(folder.Tokenizer, options));
        DocumentSet[] sets = [.. _settings.Data.Select(cache.Load)];
        Trainer New(AttentionKind attention) => new(
            options with { Attention = attention }, sets, [.. _settings.Data.Select(s => s.Weight)], BpeVocabulary.SizeOf(folder.Tokenizer), _settings.Device);
        using var cosine = New(AttentionKind.Cosine);
        using var softmax = New(AttentionKind.Softmax);
        double Speed(Trainer trainer)
        {
            cancellation.ThrowIfCancellationRequested();
            return SpeedSteps * options.TokensPerStep / Enumerable.Range(0, SpeedSteps).Sum(_ => trainer.TakeStep().Time.TotalSeconds);
        }

        _ = (Speed(cosine), Speed(softmax));
        return [.. Enumerable.Range(0, SpeedRounds).Select(_ => new SpeedSample(Speed(cosine), Speed(softmax)))];
    }

    private async Task<List<MeasuredWorkload>> MeasureAsync<T>(
        string workload, string option, T[] kinds, int[] tokens, string[] sizes, CancellationToken cancellation)
        where T : struct, Enum
    {
        Console.WriteLine($"== memory: {workload}");
        var rows = new List<MeasuredWorkload>();
        foreach (var (kind, length) in kinds.SelectMany(kind => tokens.Where(length => length <= _mostTokens).Select(length => (kind, length))))
        {
            var needed = kind is BidirectionalKind.SoftmaxPlain ? ExplicitMatrices * BidirectionalHeads * length * (double)length * sizeof(float) : 0;
            var (result, reason) = needed > _memoryLimit
                ? (null, string.Create(CultureInfo.InvariantCulture, $"left out: needs about {needed / (1 << 30):F0} GiB"))
                : await ChildProcess.MeasureAsync([workload, option, kind.ToString(), "--tokens", Text(length), "--threads", Text(torch.get_num_threads()), .. sizes], cancellation);
            Console.WriteLine($"{kind}, {length} tokens: {result?.ToString() ?? reason}");
            rows.Add(new MeasuredWorkload(kind.ToString(), length, result, reason));
        }
        return rows;
    }

    private void Keep(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var fresh = _file + ".new";
        File.WriteAllText(fresh, JsonSerializer.Serialize(_result, Json) + "\n");
        File.Move(fresh, _file, overwrite: true);
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.EnumerateFiles(from))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)), overwrite: true);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Machine() =>
        $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, {torch.get_num_threads()} threads";
}
