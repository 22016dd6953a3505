using Cottention.Conformance;
using Cottention.Inference.Model;
using Cottention.Inference.Runners.Cpu;

namespace Cottention.Cli.Tests.Quantize;

public sealed class QuantizeCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("tiny", "int8", WeightFormat.Int8)]
    [InlineData("tiny", "int4", WeightFormat.Int4)]
    [InlineData("tiny_bf16", "int8", WeightFormat.Int8)]
    [InlineData("tiny_bf16", "int4", WeightFormat.Int4)]
    public void Quantize_GoldenModel_SameBitsAsQuantisedOnLoad(string model, string format, WeightFormat weights)
    {
        var target = _folder.File("out");

        var (code, output, error) = CommandLine.Run("quantize", Fixtures.Path("golden", model), target, "--format", format);

        Assert.Equal((0, ""), (code, error));
        using var source = Checkpoint.Open(Fixtures.Path("golden", model));
        using var quantized = Checkpoint.Open(target);
        Assert.Contains($"checked as a Cottention model; fingerprint {quantized.Fingerprint}", output, StringComparison.Ordinal);
        Assert.True(quantized.WeightBytes < source.WeightBytes);
        using var expected = Runner(source, weights);
        using var actual = Runner(quantized, WeightFormat.Auto);
        Assert.Contains($"{format} weights", actual.Description, StringComparison.Ordinal);
        Numerics.AssertSameBits(new RunnerSession(expected, 0).Feed(1, 2, 3), new RunnerSession(actual, 0).Feed(1, 2, 3), "logits");
        Assert.Equal(quantized.Fingerprint, actual.FingerprintOf(quantized));
        Assert.NotEqual(source.Fingerprint, expected.FingerprintOf(source));
    }

    [Fact]
    public void Quantize_QuantisedModel_KeepsItsWeights()
    {
        var (once, twice) = (_folder.File("once"), _folder.File("twice"));
        CommandLine.Run("quantize", Fixtures.Path("golden", "tiny"), once, "--format", "int4");

        CommandLine.Run("quantize", once, twice, "--format", "int4");

        using var first = Checkpoint.Open(once);
        using var second = Checkpoint.Open(twice);
        foreach (var name in first.TensorNames)
            Numerics.AssertSameBits(Values(first, name), Values(second, name), name);
    }

    [Fact]
    public void Quantize_TargetHasAModel_NeedsOverwrite()
    {
        var target = _folder.File("out");
        string[] args = ["quantize", Fixtures.Path("golden", "tiny"), target];
        CommandLine.Run(args);

        var (refused, _, error) = CommandLine.Run(args);
        var (overwritten, _, _) = CommandLine.Run([.. args, "--overwrite"]);

        Assert.Equal((1, 0), (refused, overwritten));
        Assert.Equal($"error: {target} has a model.safetensors already; --overwrite replaces it\n", error);
    }

    [Fact]
    public void Quantize_WrongFormatOrNoModel_SaysSo()
    {
        var (usage, _, formats) = CommandLine.Run("quantize", "a", "b", "--format", "int3");
        var (failure, _, missing) = CommandLine.Run("quantize", _folder.File("none"), _folder.File("out"));

        Assert.Equal((2, 1), (usage, failure));
        Assert.Contains("int8", formats, StringComparison.Ordinal);
        Assert.Contains("there is no such folder", missing, StringComparison.Ordinal);
        Assert.False(Path.Exists(_folder.File("out")));
    }

    // 0 + x is x; -0 and 0 are one weight.
    private static float[] Values(Checkpoint checkpoint, string name)
    {
        var values = new float[checkpoint.ShapeOf(name).Aggregate(1L, (product, size) => product * size)];
        checkpoint.ReadRows(name, 0, (int)checkpoint.ShapeOf(name)[0], values);
        return Array.ConvertAll(values, value => 0f + value);
    }

    private static CpuModelRunner Runner(Checkpoint checkpoint, WeightFormat weights) =>
        new(checkpoint, new CpuRunnerOptions { Threads = 1, SlotCount = 1, MaxRows = 1, MaxTokens = 4, Weights = weights });
}
