using Cottention.Conformance;
using Cottention.Training.Optimization;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Cottention.Training.Tests.Optimization;

public sealed class MuonTests
{
    [Theory]
    [InlineData(6, 6)]
    [InlineData(4, 9)]
    [InlineData(9, 4)]
    public void Orthogonalize_SingularValuesFarApart_BecomesNearOne(int rows, int columns)
    {
        using var scope = NewDisposeScope();
        var rank = Math.Min(rows, columns);
        var (left, _, right) = linalg.svd(Random(rows, columns), fullMatrices: false);
        // From 1 down to 0.05.
        var values = logspace(0, Math.Log10(0.05), rank, dtype: ScalarType.Float64);
        var matrix = left.matmul(diag(values)).matmul(right);

        var result = Muon.Orthogonalize(matrix.unsqueeze(0), ScalarType.Float64).squeeze(0);

        // In the basis of the same singular vectors it is diagonal; the polynomial leaves 0.7 to 1.2.
        var inside = left.mT.matmul(result).matmul(right.mT);
        var diagonal = inside.diagonal().data<double>().ToArray();
        Assert.All(diagonal, value => Assert.InRange(value, 0.6, 1.25));
        Numerics.AssertClose(diag(inside.diagonal()).contiguous().data<double>().ToArray(), inside.contiguous().data<double>().ToArray(), 1e-10, "off the diagonal");
    }

    [Fact]
    public void Step_FirstOfARun_MovesAgainstTheGradientByItsRate()
    {
        using var scope = NewDisposeScope();
        var matrix = nn.Parameter(zeros(8, 4, dtype: ScalarType.Float64));
        using var muon = new Muon([("m", matrix)], weightDecay: 0, ScalarType.Float64);
        var gradient = Random(8, 4);
        (matrix * gradient).sum().backward();

        muon.Step(learningRate: 0.1);

        var expected = Muon.Orthogonalize(gradient.unsqueeze(0), ScalarType.Float64).squeeze(0) * (-0.1 * Math.Sqrt(2));
        Numerics.AssertClose(expected.contiguous().data<double>().ToArray(), matrix.detach().data<double>().ToArray(), 1e-6, "step");
        // Set by backward, cleared by the step.
        Assert.Equal(0, matrix.grad!.abs().sum().item<double>());
    }

    [Fact]
    public void Step_MatricesOfOneShape_MoveAsIfAlone()
    {
        using var scope = NewDisposeScope();
        Parameter[] Moved(params int[] which)
        {
            var matrices = which.Select(_ => nn.Parameter(zeros(5, 5, dtype: ScalarType.Float64))).ToArray();
            using var muon = new Muon(matrices.Select((m, i) => ($"m{which[i]}", m)), weightDecay: 0.1, ScalarType.Float64);
            for (var step = 0; step < 3; step++)
            {
                foreach (var (matrix, seed) in matrices.Zip(which))
                    (matrix * Random(5, 5, (ulong)(seed + 10 * step))).sum().backward();
                muon.Step(0.1);
            }
            return matrices;
        }

        var (together, alone) = (Moved(1, 2), Moved(2));

        Numerics.AssertClose(alone[0].detach().data<double>().ToArray(), together[1].detach().data<double>().ToArray(), 1e-12, "matrix 2");
    }

    private static Tensor Random(int rows, int columns, ulong seed = 5) =>
        randn([rows, columns], dtype: ScalarType.Float64, generator: new Generator(seed));
}
