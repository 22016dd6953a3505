using System.CommandLine;
using Cottention.Torch;
using Cottention.Training.Text;

namespace Cottention.Training.Commands;

/// <summary><c>export</c>: the model of a run as it was at its last checkpoint, as a folder that the server loads.</summary>
internal sealed class ExportCommand
{
    private readonly Option<string> _run = new("--run") { Description = "Folder of the run.", Required = true };
    private readonly Option<string> _out = new("--out") { Description = "Folder to write config.json, model.safetensors, vocab.json, merges.txt and tokenizer_config.json to.", Required = true };

    /// <summary>The command, ready to be added to the root.</summary>
    public static Command Create()
    {
        var self = new ExportCommand();
        var command = new Command("export", "Writes the model of a run's last checkpoint; the run may go on.") { self._run, self._out };
        command.SetAction(self.Run);
        return command;
    }

    private void Run(ParseResult parse)
    {
        var folder = new RunFolder(parse.GetRequiredValue(_run));
        var target = parse.GetRequiredValue(_out);
        var progress = TrainingCheckpoint.ReadProgress(folder.Checkpoint);
        using var model = new CottentionModel(progress.Options.ModelConfig(BpeVocabulary.SizeOf(folder.Tokenizer)));
        TrainingCheckpoint.ReadWeights(folder.Checkpoint, model);
        TrainingRun.Export(model, folder.Tokenizer, target);
        Console.WriteLine($"{target}: model after step {progress.Step} of {progress.Options.Steps}");
    }
}
