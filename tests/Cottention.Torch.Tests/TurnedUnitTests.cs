using Cottention.Conformance;
using static TorchSharp.torch;

namespace Cottention.Torch.Tests;

public sealed class TurnedUnitTests
{
    [Theory]
    [InlineData(1, 16, 16)]
    [InlineData(63, 16, 8)]
    [InlineData(100, 64, 64)]
    public void Make_ForwardAndBackward_EqualPlainAutograd(int tokens, int headDim, int rotaryDim)
    {
        using var scope = NewDisposeScope();
        var turns = RotaryAngles.Turns(arange(tokens).unsqueeze(0) + 1000, rotaryDim, ScalarType.Float64);
        var (mine, plain) = (Heads(tokens, headDim), Heads(tokens, headDim));

        var unit = TurnedUnit.Make(mine, turns);
        var expected = nn.functional.normalize(RotaryAngles.Rotate(plain, turns), dim: -1, eps: 1e-12).transpose(1, 2);
        Loss(unit).backward();
        Loss(expected).backward();

        Numerics.AssertClose(expected.Values(), unit.Values(), 1e-14, "unit");
        // Set by backward.
        Numerics.AssertClose(plain.grad!.Values(), mine.grad!.Values(), 1e-12, "gradient");
    }

    [Fact]
    public void Make_VectorShorterThanTheSmallestNorm_IsDividedByIt()
    {
        using var scope = NewDisposeScope();
        var heads = (ones(1, 1, 1, 4, dtype: ScalarType.Float64) * 1e-14).requires_grad_();

        var unit = TurnedUnit.Make(heads, RotaryAngles.Turns(zeros(1, 1, dtype: ScalarType.Int64), 4, ScalarType.Float64));
        unit.sum().backward();

        Numerics.AssertClose([1e-2, 1e-2, 1e-2, 1e-2], unit.Values(), 1e-15, "unit");
        // Set by backward.
        Numerics.AssertClose([1e12, 1e12, 1e12, 1e12], heads.grad!.Values(), 1, "gradient");
    }

    private static Tensor Heads(int tokens, int headDim) =>
        randn([1, tokens, 2, headDim], dtype: ScalarType.Float64, generator: new Generator(9)).requires_grad_();

    private static Tensor Loss(Tensor unit) => (unit * arange(unit.numel(), dtype: ScalarType.Float64).sin().reshape(unit.shape)).sum();
}
