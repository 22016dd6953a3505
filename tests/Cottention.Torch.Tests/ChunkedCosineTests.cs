using Cottention.Conformance;
using static TorchSharp.torch;

namespace Cottention.Torch.Tests;

/// <summary>The chunked form and its own backward, against the token-by-token form and libtorch's gradients of it, in float64.</summary>
public sealed class ChunkedCosineTests
{
    private const double Tolerance = 1e-11;

    public static TheoryData<int, int> Sizes()
    {
        var data = new TheoryData<int, int>();
        foreach (var headDim in new[] { 16, 64 })
            foreach (var tokens in new[] { 1, 63, 64, 65, 128, 200 })
                data.Add(headDim, tokens);
        return data;
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Run_FromAState_EqualsTokenByToken(int headDim, int tokens)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var inputs = Inputs(headDim, tokens);

        var (heads, after) = ChunkedCosine.Run(inputs[0], inputs[1], inputs[2], inputs[3]);

        var (expected, expectedAfter) = CosineAttention.Recurrent(inputs[0], inputs[1], inputs[2], inputs[3]);
        Numerics.AssertClose(expected.Values(), heads.Values(), Tolerance, "heads");
        Numerics.AssertClose(expectedAfter.Values(), after.Values(), Tolerance, "state");
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Backward_OfHeadsAndState_EqualsPlainAutograd(int headDim, int tokens)
    {
        using var scope = NewDisposeScope();

        var (actual, expected) = (Gradients(ChunkedCosine.Run, headDim, tokens), Gradients(CosineAttention.Recurrent, headDim, tokens));

        foreach (var (name, a, e) in new[] { "query", "key", "value", "state" }.Zip(actual, expected))
            Numerics.AssertClose(e, a, Tolerance, name);
    }

    [Fact]
    public void Backward_OneEntry_EqualsDifferenceQuotient()
    {
        const double step = 1e-5;
        using var scope = NewDisposeScope();
        foreach (var which in Enumerable.Range(0, 4))
        {
            var inputs = Inputs(headDim: 16, tokens: 65);
            var place = inputs[which].flatten()[100];
            double LossMovedBy(double by)
            {
                using var noGradient = no_grad();
                place.add_(by);
                var loss = Loss(ChunkedCosine.Run, inputs).item<double>();
                place.sub_(by);
                return loss;
            }

            var quotient = (LossMovedBy(step) - LossMovedBy(-step)) / (2 * step);
            inputs[which].requires_grad_();
            Loss(ChunkedCosine.Run, inputs).backward();

            // Set by backward.
            Numerics.AssertClose([quotient], [inputs[which].grad!.flatten()[100].item<double>()], 1e-8, $"input {which}");
        }
    }

    [Fact]
    public void Backward_OnlyTheStateIsRead_EqualsPlainAutograd()
    {
        using var scope = NewDisposeScope();
        double[] KeyGradient(Func<Tensor, Tensor, Tensor, Tensor, (Tensor, Tensor State)> attention)
        {
            var inputs = Inputs(headDim: 16, tokens: 65);
            inputs[1].requires_grad_();
            attention(inputs[0], inputs[1], inputs[2], inputs[3]).State.square().sum().backward();
            return inputs[1].grad!.Values(); // set by backward
        }

        Numerics.AssertClose(KeyGradient(CosineAttention.Recurrent), KeyGradient(ChunkedCosine.Run), Tolerance, "key");
    }

    private static List<double[]> Gradients(Func<Tensor, Tensor, Tensor, Tensor, (Tensor, Tensor)> attention, int headDim, int tokens)
    {
        var inputs = Inputs(headDim, tokens);
        foreach (var input in inputs)
            input.requires_grad_();
        Loss(attention, inputs).backward();
        return [.. inputs.Select(input => input.grad!.Values())]; // set by backward
    }

    // Every output counts, each with another weight.
    private static Tensor Loss(Func<Tensor, Tensor, Tensor, Tensor, (Tensor, Tensor)> attention, Tensor[] inputs)
    {
        var (heads, state) = attention(inputs[0], inputs[1], inputs[2], inputs[3]);
        return (heads * arange(heads.numel(), dtype: ScalarType.Float64).cos().reshape(heads.shape)).sum() + state.square().sum() * 0.1;
    }

    private static Tensor[] Inputs(int headDim, int tokens)
    {
        var generator = new Generator(3);
        Tensor Rows() => randn([2, 3, tokens, headDim], dtype: ScalarType.Float64, generator: generator);
        Tensor Units() => nn.functional.normalize(Rows(), dim: -1);
        return [Units(), Units(), Rows(), randn([2, 3, headDim, headDim], dtype: ScalarType.Float64, generator: generator)];
    }
}
