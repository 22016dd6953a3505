using System.Diagnostics;
using Cottention.Inference;
using Cottention.Torch;
using Cottention.Training.Data;
using Cottention.Training.Optimization;
using static TorchSharp.torch;

namespace Cottention.Training;

/// <summary>
/// One run: takes a batch, goes forward and back, moves the weights, and carries each row's state on to its next segment.
/// With the same options, sources and number of threads the losses of a run that was stopped and resumed are those of an
/// unbroken one.
/// </summary>
internal sealed class Trainer : IDisposable
{
    private readonly TrainingOptions _options;
    private readonly BatchReader _reader;
    private readonly LearningRate _rate;
    private readonly Optimizer[] _optimizers;
    private readonly double[] _peaks;
    private readonly Device _device;
    private readonly IReadOnlyList<string> _sources;
    private ModelState _state;
    private RunningMean _meanLoss;

    /// <param name="options">What defines the run.</param>
    /// <param name="sets">What to train on.</param>
    /// <param name="weights">Each set's share.</param>
    /// <param name="vocabulary">N; the last token ends a document.</param>
    /// <param name="device">Where it is computed. Default: the CPU.</param>
    public Trainer(TrainingOptions options, IReadOnlyList<DocumentSet> sets, IReadOnlyList<double> weights, int vocabulary, Device? device = null)
    {
        (_options, _device) = (options, device ?? CPU);
        _sources = [.. sets.Select(set => set.Name)];
        _reader = new BatchReader(sets, weights, options.Batch, options.Length, endOfText: vocabulary - 1, options.Seed, options.Carry);
        _rate = new LearningRate(1, options.Warmup, options.Steps, options.DecayShare, options.FinalShare);
        Model = new CottentionModel(options.ModelConfig(vocabulary), attention: options.Attention, device: _device) { ProductType = options.BFloat16 ? ScalarType.BFloat16 : null };
        Model.Initialize(options.LowestNormConst, options.HighestNormConst, new Generator(options.Seed));
        (_optimizers, _peaks) = MakeOptimizers();
        _state = Model.ZeroState(options.Batch).Detach();
    }

    /// <summary>What is trained.</summary>
    public CottentionModel Model { get; }

    /// <summary>Steps taken.</summary>
    public long Step => _optimizers[0].Steps;

    /// <summary>Training time of earlier parts of the run and of this one.</summary>
    public TimeSpan Elapsed { get; private set; }

    /// <summary>One step of the optimizer.</summary>
    /// <exception cref="TrainingDivergedException">The loss is not finite.</exception>
    public StepReport TakeStep()
    {
        var started = Stopwatch.GetTimestamp();
        var rate = _rate.At(Step);
        var loss = 0.0;
        for (var part = 0; part < _options.Accumulate; part++)
            loss += GoForwardAndBack(_reader.Next()) / _options.Accumulate;
        if (!double.IsFinite(loss))
            throw new TrainingDivergedException(Step, loss);
        var gradient = Optimizer.ClipGradients(Model.parameters(), _options.Clip);
        foreach (var (optimizer, peak) in _optimizers.Zip(_peaks))
            optimizer.Step(peak * rate);
        var time = Stopwatch.GetElapsedTime(started);
        Elapsed += time;
        _meanLoss = _meanLoss.With(loss);
        return new StepReport(Step, Step * _options.TokensPerStep, loss, _meanLoss.Value, gradient, _peaks[0] * rate, time);
    }

    /// <summary>Writes everything that is needed to go on.</summary>
    public void Save(string path) => TrainingCheckpoint.Write(
        path, Model, _optimizers, _state, new TrainingProgress(_options, _sources, Step, Elapsed.TotalSeconds, _meanLoss, _reader.State));

    /// <summary>Goes on where a checkpoint was written. Call it before the first step.</summary>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidModel"/>: damaged, or of another run.</exception>
    public void Resume(string path)
    {
        var progress = TrainingCheckpoint.ReadProgress(path);
        // Only the end of the run may move.
        if (progress.Options with { Steps = _options.Steps } != _options)
            throw new InferenceException(InferenceError.InvalidModel, $"{path}: is a run with other options: {progress.Options}; asked for: {_options}.");
        if (!progress.Sources.SequenceEqual(_sources))
            throw new InferenceException(InferenceError.InvalidModel, $"{path}: is a run on {string.Join(", ", progress.Sources)}; asked for: {string.Join(", ", _sources)}.");
        TrainingCheckpoint.ReadWeights(path, Model);
        TrainingCheckpoint.ReadMoments(path, _optimizers, _state);
        _reader.State = progress.Reader;
        foreach (var optimizer in _optimizers)
            optimizer.Steps = progress.Step;
        Elapsed = TimeSpan.FromSeconds(progress.Seconds);
        _meanLoss = progress.MeanLoss;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _state.Dispose();
        foreach (var optimizer in _optimizers)
            optimizer.Dispose();
        Model.Dispose();
    }

    /// <summary>Adds a batch's gradients. Returns its mean loss in nats a token.</summary>
    private double GoForwardAndBack(SegmentBatch batch)
    {
        using var scope = NewDisposeScope();
        var tokens = tensor(batch.Tokens, [_options.Batch, _options.Length + 1], device: _device);
        var (loss, after) = Model.Loss(tokens, _options.Carry > 1 ? Freshen(_state, batch.Fresh) : _state);
        (loss / _options.Accumulate).backward();
        if (_options.Carry > 1)
        {
            _state.Dispose();
            _state = after.Detach();
        }
        return loss.item<float>();
    }

    /// <summary>The first one's steps are the run's.</summary>
    private (Optimizer[] Optimizers, double[] Peaks) MakeOptimizers()
    {
        var parameters = Model.named_parameters().ToArray();
        if (_options.Optimizer == OptimizerKind.AdamW)
            return ([new AdamW(parameters, _options.WeightDecay)], [_options.LearningRate]);
        var matrices = parameters.Where(p => p.name.StartsWith(CottentionModel.LayerPrefix, StringComparison.Ordinal) && p.parameter.dim() == 2).ToArray();
        var product = _options.BFloat16 ? ScalarType.BFloat16 : Model.Type;
        return (
            [new AdamW(parameters.Except(matrices), _options.WeightDecay), new Muon(matrices, _options.WeightDecay, product)],
            [_options.LearningRate, _options.MuonRate]);
    }

    /// <summary>The state with zeros for rows that begin a life.</summary>
    private ModelState Freshen(ModelState state, bool[] fresh)
    {
        var kept = tensor(fresh, device: _device).logical_not();
        return new ModelState(
            [.. state.Layers.Select(layer => layer * kept.to(layer.dtype).reshape(-1, 1, 1, 1))],
            state.Positions * kept.to(ScalarType.Int64));
    }
}
