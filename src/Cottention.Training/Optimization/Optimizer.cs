using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Cottention.Training.Optimization;

/// <summary>Moves some of a model's parameters along their gradients. Its moments can be read and set by name, so that a run resumes exactly.</summary>
internal abstract class Optimizer : IDisposable
{
    private readonly (string Name, Parameter Parameter)[] _parameters;

    /// <param name="parameters">What it moves, with names.</param>
    protected Optimizer(IEnumerable<(string name, Parameter parameter)> parameters) => _parameters = [.. parameters];

    /// <summary>Steps taken; set it when a run resumes.</summary>
    public long Steps { get; set; }

    /// <summary>What is kept from step to step, by a name that says whose it is. They are the optimizer's own tensors.</summary>
    public abstract IEnumerable<(string Name, Tensor Moment)> Moments { get; }

    /// <summary>What it moves.</summary>
    protected IReadOnlyList<(string Name, Parameter Parameter)> Parameters => _parameters;

    /// <summary>Moves every parameter along its gradient, and clears the gradients.</summary>
    public void Step(double learningRate)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Steps++;
        Move(learningRate);
        foreach (var (_, parameter) in _parameters)
            parameter.grad?.zero_();
    }

    /// <summary>Scales all gradients so that their common length is at most <paramref name="limit"/>. Returns the length before.</summary>
    public static double ClipGradients(IEnumerable<Parameter> parameters, double limit)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var gradients = parameters.Select(GradientOf).ToArray();
        var length = stack(gradients.Select(gradient => gradient.square().sum())).sum().sqrt().to(ScalarType.Float64).item<double>();
        if (length > limit)
            foreach (var gradient in gradients)
                gradient.mul_(limit / length);
        return length;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, moment) in Moments)
            moment.Dispose();
    }

    /// <summary>Moves every parameter; gradients are recorded nowhere, and tensors made here are disposed of.</summary>
    protected abstract void Move(double learningRate);

    /// <summary>A moment for a parameter: zeros of its shape that live as long as the optimizer.</summary>
    protected static Tensor NewMoment(Parameter parameter) => zeros_like(parameter).DetachFromDisposeScope();

    protected static Tensor GradientOf(Parameter parameter) =>
        parameter.grad ?? throw new InvalidOperationException($"A parameter of shape [{string.Join(", ", parameter.shape)}] has no gradient.");
}
