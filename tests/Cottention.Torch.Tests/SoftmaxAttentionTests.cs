using Cottention.Conformance;
using Cottention.Inference.Model;
using static TorchSharp.torch;

namespace Cottention.Torch.Tests;

public sealed class SoftmaxAttentionTests
{
    private static readonly ModelConfig Config = new()
    {
        EmbeddingSize = 32,
        HeadCount = 2,
        LayerCount = 2,
        InnerSize = 48,
        VocabularySize = 40,
        RotaryDim = 8,
        TrainedPositions = 64,
    };

    [Fact]
    public void Forward_OneLayer_EqualsThePlainFormula()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var attention = (SoftmaxAttention)Model().Blocks[0].Attention;
        var weights = attention.named_parameters().ToDictionary(p => p.name, p => (Tensor)p.parameter);
        var input = randn([1, 9, 32], dtype: ScalarType.Float64, generator: new Generator(2));
        var turns = RotaryAngles.Turns(arange(9).unsqueeze(0), 8, ScalarType.Float64);
        Tensor Heads(string name) => input.matmul(weights[name].mT).unflatten(2, [2, 16]);

        var (output, state) = attention.call(input, turns, zeros(1), attention.ZeroState(1, null), AttentionForm.Chunked);

        var q = RotaryAngles.Rotate(Heads("q_proj.weight"), turns).transpose(1, 2);
        var k = RotaryAngles.Rotate(Heads("k_proj.weight"), turns).transpose(1, 2);
        var scores = (q.matmul(k.mT) / Math.Sqrt(16)).masked_fill(ones(9, 9, dtype: ScalarType.Bool).triu(1), double.NegativeInfinity);
        var read = scores.softmax(-1).matmul(Heads("v_proj.weight").transpose(1, 2));
        Numerics.AssertClose(read.transpose(1, 2).flatten(2).matmul(weights["out_proj.weight"].mT).Values(), output.Values(), 1e-12, "output");
        Assert.Equal([2, 1, 2, 9, 16], state.shape);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public void Run_InParts_EqualsTheWhole(int part)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var model = Model();
        var tokens = (arange(20) * 7 % 40).reshape(1, 20);

        var (whole, _) = model.Run(tokens, model.ZeroState(1), AttentionForm.Chunked);
        var state = model.ZeroState(1);
        var parts = new List<Tensor>();
        for (var start = 0; start < 20; start += part)
        {
            (var logits, state) = model.Run(tokens.narrow(1, start, part), state, AttentionForm.Recurrent);
            parts.Add(logits);
        }

        Numerics.AssertClose(whole.Values(), cat(parts, 1).Values(), 1e-12, "logits");
    }

    [Fact]
    public void NamedParameters_HaveGptJNamesAndNoNormConst()
    {
        using var scope = NewDisposeScope();

        var names = Model().named_parameters().Select(p => p.name).ToArray();

        Assert.Contains("transformer.h.1.attn.out_proj.weight", names);
        Assert.DoesNotContain(names, name => name.EndsWith("norm_const", StringComparison.Ordinal));
    }

    private static CottentionModel Model()
    {
        var model = new CottentionModel(Config, ScalarType.Float64, AttentionKind.Softmax);
        model.Initialize(0, 0, new Generator(11));
        return model;
    }
}
