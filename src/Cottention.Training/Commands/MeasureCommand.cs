using System.CommandLine;
using System.Text.Json;
using Cottention.Inference.Model;
using Cottention.Torch;
using Cottention.Training.Measurement;
using TorchSharp;
using static Cottention.Training.Commands.Options;

namespace Cottention.Training.Commands;

/// <summary><c>measure</c>: one workload in this process, for <c>compare</c>, which starts it again and again.</summary>
internal sealed class MeasureCommand
{
    private readonly Argument<string> _workload = new("workload") { Description = "train, generate or bidirectional." };
    private readonly Option<AttentionKind> _attention = Choice("--attention", AttentionKind.Cosine, "Kind of causal attention.");
    private readonly Option<BidirectionalKind> _kind = Choice("--kind", BidirectionalKind.Cosine, "Kind of bidirectional attention.");
    private readonly Option<int> _tokens = Number("--tokens", 256, 1, 1 << 24, "T, or the position generated at.");
    private readonly Option<int> _width = Number("--width", 192, 2, 1 << 16, "Width.");
    private readonly Option<int> _heads = Number("--heads", 3, 1, 1 << 10, "Heads.");
    private readonly Option<int> _layers = Number("--layers", 4, 1, 1 << 10, "Layers.");
    private readonly Option<int> _inner = Number("--inner", 768, 1, 1 << 18, "Width of the MLP.");
    private readonly Option<int> _rotaryDim = Number("--rotary-dim", 64, 2, 1 << 10, "Rotated components of a head.");
    private readonly Option<int> _vocabulary = Number("--vocabulary", 4096, 2, 1 << 16, "Tokens of the vocabulary.");
    private readonly Option<int> _threads = Number("--threads", 0, 0, 1024, "Threads of libtorch; 0 leaves the choice to it.");

    /// <summary>The command, ready to be added to the root.</summary>
    public static Command Create()
    {
        var self = new MeasureCommand();
        var command = new Command("measure", "Runs one workload and prints what it took, as JSON. For compare.")
        {
            self._workload, self._attention, self._kind, self._tokens, self._width, self._heads, self._layers, self._inner, self._rotaryDim, self._vocabulary, self._threads,
        };
        command.Hidden = true;
        self._workload.AcceptOnlyFromAmong("train", "generate", "bidirectional");
        command.SetAction(self.Run);
        return command;
    }

    private void Run(ParseResult parse)
    {
        if (parse.GetValue(_threads) is > 0 and var threads)
            torch.set_num_threads(threads);
        var (tokens, attention, width, heads) = (parse.GetValue(_tokens), parse.GetValue(_attention), parse.GetValue(_width), parse.GetValue(_heads));
        var config = new ModelConfig
        {
            EmbeddingSize = width,
            HeadCount = heads,
            LayerCount = parse.GetValue(_layers),
            InnerSize = parse.GetValue(_inner),
            VocabularySize = parse.GetValue(_vocabulary),
            RotaryDim = parse.GetValue(_rotaryDim),
            TrainedPositions = tokens,
        };
        var measured = parse.GetRequiredValue(_workload) switch
        {
            "train" => Workload.Train(config, attention, tokens),
            "generate" => Workload.Generate(config, attention, tokens),
            _ => Workload.Bidirectional(parse.GetValue(_kind), width, heads, tokens),
        };
        Console.WriteLine(JsonSerializer.Serialize(measured));
    }
}
