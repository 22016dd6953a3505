using Cottention.Conformance;
using static TorchSharp.torch;

namespace Cottention.Torch.Tests;

public sealed class CosineSelfAttentionTests
{
    private const int Width = 64, Heads = 4;

    // Fewer tokens than components of a head (16), as many, and more.
    [Theory]
    [InlineData(10)]
    [InlineData(16)]
    [InlineData(24)]
    public void Forward_GoldenCase_EqualsReference(int tokens)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var golden = GoldenFile.Open("bert", "golden.safetensors");
        var layer = GoldenLayer(golden);
        var keep = Keep(golden, tokens);

        var output = layer.call(Tensors.Read(golden, $"S{tokens}.hidden_states"), keep);

        Numerics.AssertClose(golden.Doubles($"S{tokens}.output"), output.Values(), 1e-10, "output");
        Assert.Equal(0, (output * keep.logical_not().unsqueeze(-1)).abs().sum().item<double>());
    }

    [Theory]
    [InlineData(5)]
    [InlineData(16)]
    [InlineData(40)]
    public void Backward_BothOrders_EqualThePlainFormula(int tokens)
    {
        using var scope = NewDisposeScope();
        var layer = Layer();
        var input = Random(tokens);
        var keep = ones(2, tokens, dtype: ScalarType.Bool);
        keep[1, tokens - 2] = false;

        Loss(layer.call(input, keep)).backward();
        var mine = layer.parameters().Select(p => p.grad!.clone()).ToList(); // set by backward
        layer.zero_grad();
        Loss(Plain(layer, input, keep)).backward();

        foreach (var ((name, parameter), gradient) in layer.named_parameters().Zip(mine))
            Numerics.AssertClose(parameter.grad!.Values(), gradient.Values(), 1e-11, name); // set by backward
    }

    [Fact]
    public void Forward_NothingKept_IsZeroAndHasNoNaN()
    {
        using var scope = NewDisposeScope();

        var output = Layer().call(Random(20), zeros(2, 20));

        Assert.All(output.Values(), value => Assert.Equal(0, value));
    }

    [Fact]
    public void Forward_OneTokenKept_ReadsItselfAlone()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var (layer, input) = (Layer(), Random(20));
        var keep = zeros(2, 20);
        keep[0, 7] = 1;
        keep[1, 0] = 1;

        var output = layer.call(input, keep);

        // cos(q, k) v, with a count of 1.
        Numerics.AssertClose(Plain(layer, input, keep).Values(), output.Values(), 1e-12, "output");
        Assert.NotEqual(0, output[0, 7].abs().sum().item<double>());
        Assert.Equal(0, output[0, 8].abs().sum().item<double>());
    }

    [Fact]
    public void Forward_PaddingAdded_ChangesNothingOfTheRest()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var (layer, input) = (Layer(), Random(20));
        var padded = nn.functional.pad(input, [0, 0, 3, 9], value: 7);
        var keep = nn.functional.pad(ones(2, 20), [3, 9]);

        var (alone, among) = (layer.call(input, ones(2, 20)), layer.call(padded, keep).narrow(1, 3, 20));

        Numerics.AssertClose(alone.Values(), among.Values(), 1e-12, "output");
    }

    [Fact]
    public void Forward_ShapesThatDoNotFit_AreRefusedWithThem()
    {
        using var scope = NewDisposeScope();
        var layer = Layer();

        Assert.Contains("[B, S, 64]", Assert.Throws<ArgumentException>(() => layer.call(zeros(2, 20, 65), ones(2, 20))).Message, StringComparison.Ordinal);
        Assert.Contains("[2, 19]", Assert.Throws<ArgumentException>(() => layer.call(Random(20), ones(2, 19))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new CosineSelfAttention(64, 5));
    }

    // The softmax-free formula as it is written, with its S x S matrix.
    private static Tensor Plain(CosineSelfAttention layer, Tensor input, Tensor keep)
    {
        var weights = layer.named_parameters().ToDictionary(p => p.name, p => (Tensor)p.parameter);
        var kept = keep.to(ScalarType.Float64);
        Tensor Head(string name) => (input.matmul(weights[name + ".weight"].mT) + weights[name + ".bias"])
            .unflatten(2, [Heads, -1]).transpose(1, 2) * kept.reshape(2, 1, -1, 1);
        Tensor Unit(Tensor x) => x / x.norm(-1, keepdim: true, 2).clamp_min(1e-12);
        var cosines = Unit(Head("query")).matmul(Unit(Head("key")).mT);
        var divisor = kept.sum(1).reshape(-1, 1, 1, 1).pow(weights["norm_const"].sigmoid()).clamp_min(1);
        return cosines.matmul(Head("value") / divisor).transpose(1, 2).flatten(2);
    }

    private static Tensor Loss(Tensor output) => (output * arange(output.numel(), dtype: ScalarType.Float64).cos().reshape(output.shape)).sum();

    private static Tensor Random(int tokens) => randn([2, tokens, Width], dtype: ScalarType.Float64, generator: new Generator(6));

    private static CosineSelfAttention Layer()
    {
        var layer = new CosineSelfAttention(Width, Heads, ScalarType.Float64);
        using var noGradient = no_grad();
        var generator = new Generator(8);
        foreach (var parameter in layer.parameters())
            parameter.copy_(randn(parameter.shape, dtype: ScalarType.Float64, generator: generator) * 0.2);
        return layer;
    }

    private static CosineSelfAttention GoldenLayer(GoldenFile golden)
    {
        var layer = new CosineSelfAttention(Width, Heads, ScalarType.Float64);
        foreach (var (name, parameter) in layer.named_parameters())
            parameter.copy_(Tensors.Read(golden, $"weights.{name}").reshape(parameter.shape));
        return layer;
    }

    private static Tensor Keep(GoldenFile golden, int tokens) =>
        tensor(golden.Ints($"S{tokens}.keep").Select(kept => (long)kept).ToArray()).reshape(2, tokens);
}
