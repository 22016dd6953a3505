using System.CommandLine;
using System.Globalization;
using Cottention.Torch;
using Cottention.Training.Data;
using Cottention.Training.Evaluation;
using Cottention.Training.Text;
using TorchSharp;
using static Cottention.Training.Commands.Options;

namespace Cottention.Training.Commands;

/// <summary><c>evaluate</c>: loss of an exported model on documents, alone and after many other documents.</summary>
internal sealed class EvaluateCommand
{
    private readonly Option<string> _model = new("--model") { Description = "Folder of the model.", Required = true };
    private readonly Option<string[]> _data = new("--data") { Description = "Text file, plain or .gz. May be repeated.", Required = true };
    private readonly Option<int[]> _before = new("--before")
    {
        Description = "Tokens of other documents that the model has read before, each from 0; one line for each number.",
        DefaultValueFactory = _ => [0],
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<int> _documents = Number("--documents", 64, 1, int.MaxValue, "Documents to measure, evenly spread over the file.");
    private readonly Option<int> _tokens = Number("--tokens", 512, 2, 1 << 20, "Most tokens of a document.");
    private readonly Option<int> _threads = Number("--threads", 0, 0, 1024, "Threads of libtorch; 0 leaves the choice to it.");

    /// <summary>The command, ready to be added to the root.</summary>
    public static Command Create()
    {
        var self = new EvaluateCommand();
        var command = new Command("evaluate", "Measures loss, perplexity and bits a byte of an exported model.")
        {
            self._model, self._data, self._before, self._documents, self._tokens, self._threads,
        };
        MustExist(self._data, path => path);
        command.SetAction(self.Run);
        return command;
    }

    private void Run(ParseResult parse)
    {
        if (parse.GetValue(_threads) is > 0 and var threads)
            torch.set_num_threads(threads);
        var folder = parse.GetRequiredValue(_model);
        using var model = ModelFolder.Load(folder);
        var tokenizer = CorpusTokenizer.Load(folder, model.Config);
        foreach (var path in parse.GetRequiredValue(_data))
        {
            var set = DocumentSet.Tokenize(new TextSource(path, Weight: 1), tokenizer);
            foreach (var before in parse.GetValue(_before) ?? [])
            {
                var loss = DocumentLoss.Measure(model, set, tokenizer, before, parse.GetValue(_documents), parse.GetValue(_tokens));
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{set.Name}: {before} tokens before, {loss.Documents} documents, {loss.Tokens} tokens: loss {loss.Nats:F4}, perplexity {Math.Exp(loss.Nats):F3}, {loss.BitsPerByte:F4} bits a byte"));
            }
        }
    }
}
