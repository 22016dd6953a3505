using Cottention.Conformance;
using Cottention.Inference.Model;
using static TorchSharp.torch;

namespace Cottention.Torch.Tests;

public sealed class CottentionModelInitializeTests
{
    private static readonly ModelConfig Config = new()
    {
        EmbeddingSize = 64,
        HeadCount = 4,
        LayerCount = 2,
        InnerSize = 96,
        VocabularySize = 100,
        RotaryDim = 16,
        TrainedPositions = 256,
    };

    [Fact]
    public void Initialize_NormConst_IsSpreadOverTheRange()
    {
        using var scope = NewDisposeScope();

        var blocks = New(seed: 5).Blocks;

        Assert.All(blocks, block => Numerics.AssertClose([-3.0, -2, -1, 0], ((CosineAttention)block.Attention).NormConst.Values(), 1e-6));
    }

    [Fact]
    public void Initialize_Matrices_HaveDeviation002()
    {
        using var scope = NewDisposeScope();

        foreach (var (name, parameter) in New(seed: 5).named_parameters().Where(p => p.parameter.dim() == 2))
            Numerics.AssertClose([0, 0.02], [parameter.mean().item<float>(), parameter.std().item<float>()], 0.002, name);
    }

    [Fact]
    public void Initialize_SameSeed_GivesTheSameModelAndAnotherSeedAnother()
    {
        using var scope = NewDisposeScope();

        var (first, second, other) = (Head(New(seed: 5)), Head(New(seed: 5)), Head(New(seed: 6)));

        Numerics.AssertClose(first, second, 0);
        Assert.NotEqual(first, other);
    }

    private static double[] Head(CottentionModel model) =>
        model.named_parameters().Single(p => p.name == "lm_head.weight").parameter.Values();

    private static CottentionModel New(ulong seed)
    {
        var model = new CottentionModel(Config);
        model.Initialize(-3, 0, new Generator(seed));
        return model;
    }
}
