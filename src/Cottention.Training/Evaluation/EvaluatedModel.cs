using Cottention.Inference.Model;
using Cottention.Inference.Runners.Cpu;
using Cottention.Torch;
using Cottention.Training.Text;

namespace Cottention.Training.Evaluation;

/// <summary>A model with its tokenizer and a stream for each runner that it is measured through.</summary>
internal sealed class EvaluatedModel : IDisposable
{
    private const int TokensPerCall = 256;

    private EvaluatedModel(ModelSource source, Checkpoint checkpoint, CorpusTokenizer tokenizer, IReadOnlyList<ITokenStream> streams)
    {
        Source = source;
        Fingerprint = checkpoint.Fingerprint;
        Parameters = checkpoint.Config.ParameterCount;
        TrainedPositions = checkpoint.Config.TrainedPositions;
        Tokenizer = tokenizer;
        Streams = streams;
    }

    /// <summary>Its name and folder.</summary>
    public ModelSource Source { get; }

    /// <summary>See <see cref="Checkpoint.Fingerprint"/>.</summary>
    public string Fingerprint { get; }

    /// <summary>Number of weights.</summary>
    public long Parameters { get; }

    /// <summary>Longest sequence of its training.</summary>
    public int TrainedPositions { get; }

    /// <summary>Its tokenizer.</summary>
    public CorpusTokenizer Tokenizer { get; }

    /// <summary>One for each runner; the CPU runner first.</summary>
    public IReadOnlyList<ITokenStream> Streams { get; }

    /// <summary>Loads a model.</summary>
    /// <param name="source">Its name and folder.</param>
    /// <param name="runner">What computes.</param>
    /// <param name="weights">Format of the CPU runner's weights.</param>
    /// <param name="threads">Threads of the CPU runner; 0 for all.</param>
    public static EvaluatedModel Open(ModelSource source, EvaluationRunner runner, WeightFormat weights, int threads)
    {
        using var checkpoint = Checkpoint.Open(source.Folder);
        var tokenizer = CorpusTokenizer.Load(source.Folder, checkpoint.Config);
        var streams = new List<ITokenStream>();
        if (runner != EvaluationRunner.Torch)
            streams.Add(new CpuTokenStream(checkpoint, weights, threads, TokensPerCall));
        if (runner != EvaluationRunner.Cpu)
            streams.Add(new TorchTokenStream(ModelFolder.Load(source.Folder), TokensPerCall));
        return new EvaluatedModel(source, checkpoint, tokenizer, streams);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var stream in Streams)
            stream.Dispose();
    }
}
