using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Cottention.Training.Optimization;

/// <summary>
/// Muon (Jordan et al. 2024): the momentum of a matrix's gradients, made nearly orthogonal, is the step. For matrices inside
/// the layers; embedding, head, norms and biases belong to AdamW. Matrices of one shape are made orthogonal together.
/// </summary>
internal sealed class Muon : Optimizer
{
    private const double Momentum = 0.95;
    private const int Iterations = 5;
    private const double SmallestNorm = 1e-7;

    // Of the polynomial a x + b x^3 + c x^5, which draws all singular values to about 1 in five iterations (Jordan et al.).
    private const double A = 3.4445, B = -4.7750, C = 2.0315;

    private readonly List<Tensor> _moments;
    private readonly int[][] _groups;
    private readonly double _weightDecay;
    private readonly ScalarType _product;

    /// <param name="parameters">Matrices, with names.</param>
    /// <param name="weightDecay">Decay a step, relative to the learning rate.</param>
    /// <param name="product">Type of the matrix products: BFloat16 is enough.</param>
    public Muon(IEnumerable<(string name, Parameter parameter)> parameters, double weightDecay, ScalarType product)
        : base(parameters)
    {
        (_weightDecay, _product) = (weightDecay, product);
        _moments = [.. Parameters.Select(p => NewMoment(p.Parameter))];
        _groups = [.. Enumerable.Range(0, Parameters.Count)
            .GroupBy(index => (Parameters[index].Parameter.shape[0], Parameters[index].Parameter.shape[1]))
            .Select(group => group.ToArray())];
    }

    /// <inheritdoc/>
    public override IEnumerable<(string Name, Tensor Moment)> Moments =>
        Parameters.Zip(_moments, (parameter, moment) => ("muon." + parameter.Name, moment));

    /// <summary>Matrices with the singular vectors of others and singular values near 1.</summary>
    /// <param name="matrices">[G, rows, columns].</param>
    /// <param name="product">Type of the matrix products and of the result.</param>
    internal static Tensor Orthogonalize(Tensor matrices, ScalarType product)
    {
        var wide = matrices.shape[1] <= matrices.shape[2];
        var x = wide ? matrices : matrices.mT;
        x = (x / (x.flatten(1).norm(1, keepdim: true, 2).unsqueeze(-1) + SmallestNorm)).to(product);
        for (var i = 0; i < Iterations; i++)
        {
            var squares = x.matmul(x.mT);
            var factors = squares.mul(B).add_(squares.matmul(squares), C);
            x = factors.matmul(x).add_(x, A);
        }
        return wide ? x : x.mT;
    }

    /// <inheritdoc/>
    protected override void Move(double learningRate)
    {
        foreach (var group in _groups)
        {
            using var scope = NewDisposeScope();
            var shape = Parameters[group[0]].Parameter.shape;
            var steps = Orthogonalize(stack(group.Select(NextDirection)), _product).unbind(0);
            // Every step then changes the root mean square of the outputs alike.
            var rate = learningRate * Math.Sqrt(Math.Max(1.0, (double)shape[0] / shape[1]));
            foreach (var (index, step) in group.Zip(steps))
                Parameters[index].Parameter.mul_(1 - learningRate * _weightDecay).add_(step, -rate);
        }
    }

    /// <summary>Takes the gradient into the momentum. Returns the momentum as it will be after one more like it (Nesterov).</summary>
    private Tensor NextDirection(int index)
    {
        var gradient = GradientOf(Parameters[index].Parameter);
        var moment = _moments[index].mul_(Momentum).add_(gradient, 1 - Momentum);
        return gradient.mul(1 - Momentum).add_(moment, Momentum);
    }
}
