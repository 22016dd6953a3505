using Cottention.Conformance;
using TorchSharp.Modules;
using static TorchSharp.torch;
using AdamW = Cottention.Training.Optimization.AdamW;
using Optimizer = Cottention.Training.Optimization.Optimizer;

namespace Cottention.Training.Tests.Optimization;

public sealed class AdamWTests
{
    [Fact]
    public void Step_ManyGradients_EqualsTorchsOwn()
    {
        using var scope = NewDisposeScope();
        var (matrix, bias) = (Start(4, 3), Start(5));
        var (itsMatrix, itsBias) = (nn.Parameter(matrix.detach().clone()), nn.Parameter(bias.detach().clone()));
        using var optimizer = new AdamW([("matrix", matrix), ("bias", bias)], weightDecay: 0.1);
        var decayed = optim.AdamW([itsMatrix], lr: 0.01, beta2: 0.99, weight_decay: 0.1);
        var plain = optim.AdamW([itsBias], lr: 0.01, beta2: 0.99, weight_decay: 0);

        for (var step = 0; step < 20; step++)
        {
            Loss(matrix, bias, step).backward();
            optimizer.Step(learningRate: 0.01);
            decayed.zero_grad();
            plain.zero_grad();
            Loss(itsMatrix, itsBias, step).backward();
            decayed.step();
            plain.step();
        }

        Numerics.AssertClose(Values(itsMatrix), Values(matrix), 1e-12, "matrix");
        Numerics.AssertClose(Values(itsBias), Values(bias), 1e-12, "bias");
    }

    [Fact]
    public void Step_ZeroGradient_DecaysMatricesOnly()
    {
        using var scope = NewDisposeScope();
        var (matrix, bias) = (Start(2, 2), Start(3));
        var (matrixBefore, biasBefore) = (Values(matrix), Values(bias));
        using var optimizer = new AdamW([("matrix", matrix), ("bias", bias)], weightDecay: 0.5);
        (matrix.sum() * 0 + bias.sum() * 0).backward();

        optimizer.Step(learningRate: 0.1);

        Numerics.AssertClose(matrixBefore.Select(value => value * 0.95).ToArray(), Values(matrix), 1e-15, "matrix");
        Numerics.AssertClose(biasBefore, Values(bias), 0, "bias");
    }

    [Theory]
    [InlineData(10, 5)]
    [InlineData(2.5, 2.5)]
    public void ClipGradients_LongOnes_AreScaledToTheLimit(double limit, double length)
    {
        using var scope = NewDisposeScope();
        var (first, second) = (Start(1, 1), Start(1));
        (first.sum() * 3 + second.sum() * 4).backward();

        var before = Optimizer.ClipGradients([first, second], limit);

        // The gradient is (3, 4).
        Numerics.AssertClose([5.0], [before], 1e-12, "length before");
        // Set by backward.
        Numerics.AssertClose([0.6 * length, 0.8 * length], [first.grad!.item<double>(), second.grad!.item<double>()], 1e-12, "gradient");
    }

    private static Parameter Start(params long[] shape)
    {
        var generator = new Generator(7);
        return nn.Parameter(randn(shape, dtype: ScalarType.Float64, generator: generator));
    }

    private static Tensor Loss(Tensor matrix, Tensor bias, int step) =>
        (matrix.square() * (step % 3 + 1)).sum() + (bias - step).pow(4).sum();

    private static double[] Values(Tensor tensor) => tensor.detach().contiguous().data<double>().ToArray();
}
