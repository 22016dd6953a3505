using System.CommandLine;
using Cottention.Torch;
using Cottention.Training.Evaluation;
using Cottention.Training.Text;
using static Cottention.Training.Commands.Options;

namespace Cottention.Training.Commands;

/// <summary><c>sample</c>: lets an exported model write.</summary>
internal sealed class SampleCommand
{
    private readonly Option<string> _model = new("--model") { Description = "Folder of the model.", Required = true };
    private readonly Option<string> _prompt = new("--prompt") { Description = "What the texts begin with.", DefaultValueFactory = _ => "Once upon a time" };
    private readonly Option<int> _count = Number("--count", 1, 1, 1000, "Texts to write; the seed rises by one from each to the next.");
    private readonly Option<int> _tokens = Number("--tokens", 200, 1, 1_000_000, "Most tokens of a text.");
    private readonly Option<double> _temperature = Number("--temperature", 0.8, 0, 10, "0 takes the likeliest token.");
    private readonly Option<ulong> _seed = Number("--seed", 1UL, ulong.MinValue, ulong.MaxValue, "Decides the draws.");

    /// <summary>The command, ready to be added to the root.</summary>
    public static Command Create()
    {
        var self = new SampleCommand();
        var command = new Command("sample", "Lets an exported model write.") { self._model, self._prompt, self._count, self._tokens, self._temperature, self._seed };
        command.SetAction(self.Run);
        return command;
    }

    private void Run(ParseResult parse)
    {
        var folder = parse.GetRequiredValue(_model);
        using var model = ModelFolder.Load(folder);
        var sampler = new TextSampler(model, CorpusTokenizer.Load(folder, model.Config));
        for (var text = 0; text < parse.GetValue(_count); text++)
        {
            var seed = parse.GetValue(_seed) + (ulong)text;
            Console.WriteLine(sampler.Continue(parse.GetRequiredValue(_prompt), parse.GetValue(_tokens), parse.GetValue(_temperature), seed));
            Console.WriteLine("---");
        }
    }
}
