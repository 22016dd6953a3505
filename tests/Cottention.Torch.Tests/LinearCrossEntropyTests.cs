using Cottention.Conformance;
using static TorchSharp.torch;

namespace Cottention.Torch.Tests;

public sealed class LinearCrossEntropyTests
{
    // Fewer than, exactly, and more than the rows that are handled at a time.
    [Theory]
    [InlineData(1)]
    [InlineData(512)]
    [InlineData(1100)]
    public void Mean_LossAndGradients_EqualThoseOfAllLogitsAtOnce(int rows)
    {
        using var scope = NewDisposeScope();
        var (mine, plain) = (Inputs(rows), Inputs(rows));
        var targets = arange(rows) * 5 % 7;

        var loss = LinearCrossEntropy.Mean(mine[0], mine[1], mine[2], targets, ScalarType.Float64);
        var expected = nn.functional.cross_entropy(nn.functional.linear(plain[0], plain[1], plain[2]), targets);
        (loss * 3).backward();
        (expected * 3).backward();

        Numerics.AssertClose([expected.item<double>()], [loss.item<double>()], 1e-12, "loss");
        foreach (var (name, m, p) in new[] { "hidden", "weight", "bias" }.Zip(mine, plain))
            Numerics.AssertClose(p.grad!.Values(), m.grad!.Values(), 1e-12, name); // set by backward
    }

    [Fact]
    public void Mean_WithoutGradients_EqualsTheSameWithThem()
    {
        using var scope = NewDisposeScope();
        var inputs = Inputs(600);
        var targets = arange(600) % 7;
        double Loss() => LinearCrossEntropy.Mean(inputs[0], inputs[1], inputs[2], targets, ScalarType.Float64).item<double>();

        var with = Loss();
        using var noGradient = no_grad();

        Assert.Equal(with, Loss());
    }

    [Fact]
    public void Mean_LogitsFarApart_IsFinite()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();

        var loss = LinearCrossEntropy.Mean(ones(1, 1), tensor([1e4f, -1e4f]).unsqueeze(1), zeros(2), tensor([1L]), ScalarType.Float32);

        Assert.Equal(2e4f, loss.item<float>());
    }

    private static Tensor[] Inputs(int rows)
    {
        var generator = new Generator(4);
        Tensor Random(params long[] shape) => randn(shape, dtype: ScalarType.Float64, generator: generator).requires_grad_();
        return [Random(rows, 6), Random(7, 6), Random(7)];
    }
}
