using System.CommandLine;
using System.Globalization;
using Cottention.Inference.Model;

namespace Cottention.Cli.Quantize;

/// <summary><c>cottention quantize</c>: a model folder to one with 8-bit or 4-bit matrices.</summary>
internal static class QuantizeCommand
{
    private const string Description =
        "Makes a smaller and faster model out of a model's folder: matrices of 8-bit or 4-bit integers, one bfloat16 scale for 32 weights. "
        + "The server reads the result as it is; it can also round while it loads (--weights).";

    public static Command Create()
    {
        var source = new Argument<string>("source") { Description = "A model's folder." };
        var target = new Argument<string>("target") { Description = "The folder to write; made if missing. config.json, tokenizer files and chat format are copied to it." };
        var format = new Option<string>("--format") { Description = "int8: nearly as exact as bf16, half its size. int4: a quarter.", DefaultValueFactory = _ => "int8" };
        format.AcceptOnlyFromAmong("int8", "int4");
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace a model that the target holds already." };
        var command = new Command("quantize", Description) { source, target, format, overwrite };
        command.SetAction((parsed, _) => FileCommands.RunAsync(cancellation => Run(
            parsed.GetRequiredValue(source), parsed.GetRequiredValue(target), parsed.GetRequiredValue(format) == "int4",
            parsed.GetValue(overwrite), cancellation)));
        return command;
    }

    private static void Run(string source, string target, bool isInt4, bool overwrite, CancellationToken cancellation)
    {
        if (!overwrite)
            ModelFolderWriter.RequireFree(target);
        using var checkpoint = Checkpoint.Open(source);
        var model = new QuantizedModel(checkpoint, isInt4);
        var fingerprint = ByteProgress.Show("quantize", checkpoint.WeightBytes, progress => ModelFolderWriter.Write(
            source, target, model.Tensors(progress, cancellation), new Dictionary<string, string>
            {
                ["format"] = "pt",
                [QuantizedMatrix.MetadataKey] = string.Create(CultureInfo.InvariantCulture, $"{(isInt4 ? "int4" : "int8")}, groups of {GroupQuantizer.GroupSize}, bf16 scales"),
            }));
        var file = Path.Combine(target, ModelFolderWriter.WeightsFile);
        Console.Out.WriteLine($"{file}: {Sizes.Text(checkpoint.WeightBytes)} became {Sizes.Text(new FileInfo(file).Length)}");
        Console.Out.WriteLine($"checked as a Cottention model; fingerprint {fingerprint}");
    }
}
