using System.CommandLine;
using Cottention.Training;
using Cottention.Training.Commands;

NativeEnvironment.Prepare();
var root = new RootCommand("Trains Cottention language models on text files.") { TrainCommand.Create() };
return await root.Parse(args).InvokeAsync();
