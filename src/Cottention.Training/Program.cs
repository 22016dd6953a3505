using System.CommandLine;
using Cottention.Inference;
using Cottention.Training;
using Cottention.Training.Commands;

NativeEnvironment.Prepare(keepLargeBlocks: args is not ["measure", ..]);
var root = new RootCommand("Trains, exports and evaluates Cottention language models. Exit codes: 0 done, 1 refused or failed, with one line on standard error; 130 stopped.")
{
    TrainCommand.Create(),
    ExportCommand.Create(),
    SampleCommand.Create(),
    EvalCommand.Create(),
    CompareCommand.Create(),
    MeasureCommand.Create(),
};
try
{
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration
    {
        EnableDefaultExceptionHandler = false,
        // After Ctrl+C or a request to end: time for the step in progress and for the checkpoint.
        ProcessTerminationTimeout = TimeSpan.FromMinutes(1),
    });
}
catch (Exception e) when (e is InferenceException or TrainingDivergedException or IOException or InvalidDataException or FormatException or UnauthorizedAccessException or PlatformNotSupportedException)
{
    Console.Error.WriteLine($"cottention-training: {e.Message}");
    return 1;
}
