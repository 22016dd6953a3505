using Cottention.Conformance;
using Cottention.Inference.Model;

namespace Cottention.Cli.Tests.Convert;

public sealed class ConvertCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Convert_GoldenModel_WritesAModelFolder()
    {
        var target = _folder.File("out");

        var (code, output, error) = CommandLine.Run("convert", Fixtures.Path("golden", "tiny_legacy"), target, "--dtype", "bf16");

        using var checkpoint = Checkpoint.Open(target);
        Assert.Equal(0, code);
        Assert.Equal("", error);
        Assert.Equal(
            $"""
            {target}/model.safetensors: 38 tensors, 491.1 KiB read
            checked as a Cottention model; fingerprint {checkpoint.Fingerprint}

            """,
            output);
    }

    [Fact]
    public void Convert_TargetHasAModel_NeedsOverwrite()
    {
        var target = _folder.File("out");
        string[] args = ["convert", Fixtures.Path("golden", "small-rope-none"), target];
        CommandLine.Run(args);

        var (refused, _, error) = CommandLine.Run(args);
        var (overwritten, _, _) = CommandLine.Run([.. args, "--overwrite"]);

        Assert.Equal(1, refused);
        Assert.Equal($"error: {target} has a model.safetensors already; --overwrite replaces it\n", error);
        Assert.Equal(0, overwritten);
    }

    [Fact]
    public void Convert_HostilePickle_IsOneLineAndExitCode1()
    {
        var path = _folder.File("evil.bin");
        TorchArchive.Write(path, new PickleBuilder().Global("os", "system").Ops("(").Text("id").Ops("tR").Stop());

        var (code, output, error) = CommandLine.Run("convert", path, _folder.File("out"));

        Assert.Equal(1, code);
        Assert.Equal("", output);
        Assert.Equal($"error: {path}: its pickle asks for os.system; only tensors and dicts are read, nothing is run\n", error);
        Assert.False(Directory.Exists(_folder.File("out")));
    }

    [Fact]
    public void Convert_WrongFlag_IsExitCode2()
    {
        var (code, _, error) = CommandLine.Run("convert", "a", "b", "--dtype", "f64");

        Assert.Equal(2, code);
        Assert.StartsWith("error: Argument 'f64' not recognized. Must be one of:", error);
    }
}
