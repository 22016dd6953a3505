using System.CommandLine;
using System.Globalization;

namespace Cottention.Cli.Convert;

/// <summary><c>cottention convert</c>: PyTorch's pytorch_model.bin to a model folder with safetensors.</summary>
internal static class ConvertCommand
{
    private const string Description =
        "Makes a model folder with safetensors out of PyTorch's pytorch_model.bin (zip and pre-1.6 formats, single or in shards). "
        + "The pickle inside is read, never run: anything but dicts of tensors is refused.";

    private static readonly Dictionary<string, DtypeChoice> Dtypes = new(StringComparer.Ordinal)
    {
        ["keep"] = DtypeChoice.Keep,
        ["f32"] = DtypeChoice.F32,
        ["bf16"] = DtypeChoice.BF16,
    };

    public static Command Create()
    {
        var source = new Argument<string>("source") { Description = "A model's folder, its pytorch_model.bin, or a pytorch_model.bin.index.json." };
        var target = new Argument<string>("target") { Description = "The folder to write; made if missing. config.json and tokenizer files are copied to it." };
        var dtype = new Option<string>("--dtype")
        {
            Description = "Element types: those of the source; f32; or bf16 for matrices, with norms, biases and norm_const in f32.",
            DefaultValueFactory = _ => "keep",
        };
        dtype.AcceptOnlyFromAmong([.. Dtypes.Keys]);
        var key = new Option<string?>("--key") { Description = "Key of the state dict inside the file, for a trainer's checkpoint." };
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace a model that the target holds already." };
        var command = new Command("convert", Description) { source, target, dtype, key, overwrite };
        command.SetAction((parsed, _) => FileCommands.RunAsync(cancellation => Run(
            parsed.GetRequiredValue(source), parsed.GetRequiredValue(target), Dtypes[parsed.GetRequiredValue(dtype)], parsed.GetValue(key),
            parsed.GetValue(overwrite), cancellation)));
        return command;
    }

    private static void Run(string source, string target, DtypeChoice dtype, string? key, bool overwrite, CancellationToken cancellation)
    {
        if (!overwrite)
            ModelFolderWriter.RequireFree(target);
        using var files = ConversionSource.Open(source, key);
        var conversion = new ModelConversion(files, dtype);
        var fingerprint = ByteProgress.Show("convert", conversion.TotalBytes, progress => conversion.WriteTo(target, progress, cancellation));
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{Path.Combine(target, ModelFolderWriter.WeightsFile)}: {files.Tensors.Count} tensors, {Sizes.Text(conversion.TotalBytes)} read"));
        Console.Out.WriteLine(fingerprint is null
            ? "no config.json beside the source: the result was not checked as a model"
            : $"checked as a Cottention model; fingerprint {fingerprint}");
    }
}
