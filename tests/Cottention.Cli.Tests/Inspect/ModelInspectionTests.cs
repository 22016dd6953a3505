using Cottention.Cli.Inspect;
using Cottention.Conformance;
using Cottention.Inference;
using Cottention.Inference.Model;

namespace Cottention.Cli.Tests.Inspect;

public sealed class ModelInspectionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void OfFolder_GoldenModel_ShowsItsNumbersAndTensors()
    {
        var folder = Fixtures.Path("golden", "tiny");
        using var checkpoint = Checkpoint.Open(folder);

        var lines = Lines(ModelInspection.OfFolder(folder));

        Assert.Equal(
            [
                $"model       {folder}",
                "layers      3, each 4 heads x 16; embedding 64, inner 96",
                "vocabulary  300; begin 299, end 299",
                "positions   trained on up to 256 in a row; rotary 8 of 16",
                "epsilon     1E-05",
                "parameters  125,720",
                "weights     491.1 KiB: 38 F32",
                "state       12 KiB a session at any length",
                "chat        none (chat_format.json)",
                $"fingerprint {checkpoint.Fingerprint}",
                "",
                "tensor\ttype\tshape\tbytes",
                "lm_head.bias\tF32\t[300]\t1200",
            ],
            lines[..13]);
        Assert.Equal(12 + 38, lines.Length);
    }

    [Fact]
    public void OfFile_AnyTensors_ShowsThem()
    {
        var path = Fixtures.Path("golden", "io_edge", "edge.safetensors");

        var lines = Lines(ModelInspection.OfFile(path));

        Assert.Equal(
            [
                $"file        {path}",
                "tensors     18: 9 F32, 1 F16, 1 BF16, 1 F64, 1 I64, 1 I32, 1 I16, 1 I8, 1 U8, 1 BOOL",
                "elements    268",
                "data        868 B",
                "metadata    format = pt",
                "",
                "tensor\ttype\tshape\tbytes",
                "f32\tF32\t[3, 4]\t48",
            ],
            lines[..8]);
        Assert.Equal(7 + 18, lines.Length);
    }

    [Fact]
    public void OfFile_ControlCharactersInNames_AreShownHarmlessly()
    {
        var path = _folder.File("x.safetensors");
        SafetensorsWriter.Write(
            path,
            [new TensorToWrite("a\n\u001b[2J", SafetensorsDtype.U8, [1], new byte[1])],
            new Dictionary<string, string> { ["k"] = "v\r" });

        var lines = Lines(ModelInspection.OfFile(path));

        Assert.Equal("metadata    k = v\uFFFD", lines[4]);
        Assert.Equal("a\uFFFD\uFFFD[2J\tU8\t[1]\t1", lines[^1]);
    }

    [Fact]
    public void WriteTo_Summary_LeavesTheTableOut()
    {
        using var output = new StringWriter();

        ModelInspection.OfFolder(Fixtures.Path("golden", "tiny")).WriteTo(output, isTerminal: false, isSummary: true);

        Assert.EndsWith($"fingerprint 561fb67c58a770215abd20d5e03c2972d92b77be1bbbfa7ae3ce462a4775262c{Environment.NewLine}", output.ToString());
    }

    [Fact]
    public void WriteTo_Terminal_DrawsTheTable()
    {
        using var output = new StringWriter();

        ModelInspection.OfFile(Fixtures.Path("golden", "io_edge", "edge.safetensors")).WriteTo(output, isTerminal: true);

        Assert.Contains("│ f32_transposed_view", output.ToString());
        Assert.DoesNotContain('\t', output.ToString());
    }

    [Fact]
    public void OfFolder_NoModel_IsRefused() =>
        Assert.Equal(InferenceError.InvalidModel, Assert.Throws<InferenceException>(() => ModelInspection.OfFolder(_folder.Path)).Error);

    private static string[] Lines(Report report)
    {
        using var output = new StringWriter();
        report.WriteTo(output, isTerminal: false);
        return output.ToString().TrimEnd().Split(Environment.NewLine);
    }
}
