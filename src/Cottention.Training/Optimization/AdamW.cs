using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Cottention.Training.Optimization;

/// <summary>
/// AdamW (Loshchilov and Hutter, arXiv 1711.05101). Weight decay acts on matrices only, not on biases, norms and norm_const.
/// Its moments can be read and set by name, so that a run resumes exactly.
/// </summary>
internal sealed class AdamW : IDisposable
{
    private const double Beta1 = 0.9;
    private const double Beta2 = 0.99;
    private const double Epsilon = 1e-8;

    private readonly List<Slot> _slots;
    private readonly double _weightDecay;

    /// <param name="parameters">What is trained, with names.</param>
    /// <param name="weightDecay">Decay a step, relative to the learning rate.</param>
    public AdamW(IEnumerable<(string name, Parameter parameter)> parameters, double weightDecay)
    {
        _weightDecay = weightDecay;
        _slots = [.. parameters.Select(p => new Slot(
            p.name, p.parameter, zeros_like(p.parameter).DetachFromDisposeScope(), zeros_like(p.parameter).DetachFromDisposeScope()))];
    }

    /// <summary>Steps taken; set it when a run resumes.</summary>
    public long Steps { get; set; }

    /// <summary>Both moments of every parameter, by name. They are the optimizer's own tensors.</summary>
    public IEnumerable<(string Name, Tensor First, Tensor Second)> Moments => _slots.Select(s => (s.Name, s.First, s.Second));

    /// <summary>Scales all gradients so that their common length is at most <paramref name="limit"/>. Returns the length before.</summary>
    public double ClipGradients(double limit)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var squares = stack(_slots.Select(slot => slot.Gradient.square().sum()));
        var length = squares.sum().sqrt().to(ScalarType.Float64).item<double>();
        if (length > limit)
            foreach (var slot in _slots)
                slot.Gradient.mul_(limit / length);
        return length;
    }

    /// <summary>Moves every parameter along its gradient, and clears the gradients.</summary>
    public void Step(double learningRate)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Steps++;
        var firstCorrection = 1 - Math.Pow(Beta1, Steps);
        var secondCorrection = 1 - Math.Pow(Beta2, Steps);
        foreach (var slot in _slots)
        {
            slot.First.mul_(Beta1).add_(slot.Gradient, 1 - Beta1);
            slot.Second.mul_(Beta2).addcmul_(slot.Gradient, slot.Gradient, 1 - Beta2);
            if (slot.Parameter.dim() == 2)
                slot.Parameter.mul_(1 - learningRate * _weightDecay);
            var scale = slot.Second.sqrt().div_(Math.Sqrt(secondCorrection)).add_(Epsilon);
            slot.Parameter.addcdiv_(slot.First, scale, -learningRate / firstCorrection);
            slot.Gradient.zero_();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var slot in _slots)
        {
            slot.First.Dispose();
            slot.Second.Dispose();
        }
    }

    private sealed record Slot(string Name, Parameter Parameter, Tensor First, Tensor Second)
    {
        public Tensor Gradient => Parameter.grad ?? throw new InvalidOperationException($"'{Name}' has no gradient.");
    }
}
