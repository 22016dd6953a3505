using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Cottention.Training.Optimization;

/// <summary>
/// AdamW (Loshchilov and Hutter, arXiv 1711.05101). Weight decay acts on matrices only, not on biases, norms and norm_const.
/// </summary>
internal sealed class AdamW : Optimizer
{
    private const double Beta1 = 0.9;
    private const double Beta2 = 0.99;
    private const double Epsilon = 1e-8;

    private readonly List<(Tensor First, Tensor Second)> _moments;
    private readonly double _weightDecay;

    /// <param name="parameters">What is trained, with names.</param>
    /// <param name="weightDecay">Decay a step, relative to the learning rate.</param>
    public AdamW(IEnumerable<(string name, Parameter parameter)> parameters, double weightDecay)
        : base(parameters)
    {
        _weightDecay = weightDecay;
        _moments = [.. Parameters.Select(p => (NewMoment(p.Parameter), NewMoment(p.Parameter)))];
    }

    /// <inheritdoc/>
    public override IEnumerable<(string Name, Tensor Moment)> Moments => Parameters.Zip(_moments).SelectMany(pair => new[]
    {
        ("adam.first." + pair.First.Name, pair.Second.First),
        ("adam.second." + pair.First.Name, pair.Second.Second),
    });

    /// <inheritdoc/>
    protected override void Move(double learningRate)
    {
        var firstCorrection = 1 - Math.Pow(Beta1, Steps);
        var secondCorrection = 1 - Math.Pow(Beta2, Steps);
        foreach (var ((_, parameter), (first, second)) in Parameters.Zip(_moments))
        {
            var gradient = GradientOf(parameter);
            first.mul_(Beta1).add_(gradient, 1 - Beta1);
            second.mul_(Beta2).addcmul_(gradient, gradient, 1 - Beta2);
            if (parameter.dim() == 2)
                parameter.mul_(1 - learningRate * _weightDecay);
            var scale = second.sqrt().div_(Math.Sqrt(secondCorrection)).add_(Epsilon);
            parameter.addcdiv_(first, scale, -learningRate / firstCorrection);
        }
    }
}
