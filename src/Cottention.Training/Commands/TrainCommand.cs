using System.CommandLine;

namespace Cottention.Training.Commands;

/// <summary><c>train</c>: learns a vocabulary, turns text into tokens, trains, and exports the model.</summary>
internal static class TrainCommand
{
    /// <summary>The command, ready to be added to the root.</summary>
    public static Command Create()
    {
        var options = new RunOptions(new TrainingOptions());
        var command = new Command("train", "Trains a model, or resumes a run. Ctrl+C writes a checkpoint and stops.");
        options.AddTo(command, attention: true);
        command.SetAction((parse, cancellation) => Task.Run(() => new TrainingRun(options.Read(parse)).Execute(cancellation), CancellationToken.None));
        return command;
    }
}
