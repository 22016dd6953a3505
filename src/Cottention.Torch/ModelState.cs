using static TorchSharp.torch;

namespace Cottention.Torch;

/// <summary>What the model remembers of B sequences: one matrix per layer and head, and how many tokens it has consumed.</summary>
public sealed class ModelState : IDisposable
{
    /// <summary>A state from its parts, which it then owns.</summary>
    /// <param name="layers">L tensors [B, H, V, K], row = value index, column = key index.</param>
    /// <param name="positions">[B] i64, tokens consumed so far.</param>
    public ModelState(IReadOnlyList<Tensor> layers, Tensor positions)
    {
        Layers = layers;
        Positions = positions;
    }

    /// <summary>L tensors [B, H, V, K]; with softmax attention [2, B, H, P, K], keys and values of P tokens.</summary>
    public IReadOnlyList<Tensor> Layers { get; }

    /// <summary>[B] i64: tokens consumed so far, which is also the position of the next token.</summary>
    public Tensor Positions { get; }

    /// <summary>One sequence's matrices as [L, H, V, K] f64, in row-major order.</summary>
    public double[] ToArray(int row = 0)
    {
        using var scope = NewDisposeScope();
        var stacked = stack(Layers.Select(layer => layer[row]));
        return stacked.to(ScalarType.Float64).cpu().contiguous().data<double>().ToArray();
    }

    /// <summary>The same numbers, cut off from the graph that made them and from any dispose scope.</summary>
    public ModelState Detach() => new(
        [.. Layers.Select(layer => layer.detach().DetachFromDisposeScope())],
        Positions.detach().DetachFromDisposeScope());

    /// <summary>Hands its tensors to the dispose scope around the innermost one.</summary>
    internal ModelState MoveToOuterDisposeScope()
    {
        foreach (var layer in Layers)
            layer.MoveToOuterDisposeScope();
        Positions.MoveToOuterDisposeScope();
        return this;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var layer in Layers)
            layer.Dispose();
        Positions.Dispose();
    }
}
