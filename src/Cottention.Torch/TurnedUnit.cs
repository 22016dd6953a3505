using static TorchSharp.torch;

namespace Cottention.Torch;

/// <summary>
/// Heads of a projection made ready for cosine attention: turned by their positions, u = y / max(|y|, 1e-12), and laid out
/// head by head. One function, because its gradient is short: (g - u (u . g)) / |y|, turned back.
/// </summary>
internal sealed class TurnedUnit : autograd.SingleTensorFunction<TurnedUnit>
{
    private const double SmallestNorm = 1e-12;

    public override string Name => nameof(TurnedUnit);

    /// <param name="heads">[B, T, H, K]; its type is that of the result.</param>
    /// <param name="turns">[B, T, 1, R/2] complex, from <see cref="RotaryAngles.Turns"/>; its type is that of the arithmetic.</param>
    /// <returns>[B, H, T, K], each of length 1.</returns>
    public static Tensor Make(Tensor heads, Tensor turns) => is_grad_enabled() ? apply(heads, turns) : Forward(heads, turns).Unit;

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (unit, norm) = Forward((Tensor)vars[0], (Tensor)vars[1]);
        ctx.save_for_backward([unit, norm, (Tensor)vars[1]]);
        return unit;
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        var saved = ctx.get_saved_variables();
        var (unit, norm, turns) = (saved[0].to(saved[1].dtype), saved[1], saved[2]);
        var gradient = grad_output.to(norm.dtype);
        // A vector shorter than the smallest norm is divided by a constant.
        var along = (gradient * unit).sum(-1, keepdim: true).mul_(norm > SmallestNorm);
        var across = gradient.addcmul(unit, along, -1).div_(norm);
        var back = RotaryAngles.Rotate(across.transpose(1, 2), turns.conj());
        return [back.to(grad_output.dtype).MoveToOuterDisposeScope(), null!];
    }

    private static (Tensor Unit, Tensor Norm) Forward(Tensor heads, Tensor turns)
    {
        using var scope = NewDisposeScope();
        var turned = RotaryAngles.Rotate(heads.to(turns.real.dtype), turns).transpose(1, 2);
        var norm = turned.norm(-1, keepdim: true, 2).clamp_min_(SmallestNorm);
        return ((turned / norm).to(heads.dtype).contiguous().MoveToOuterDisposeScope(), norm.MoveToOuterDisposeScope());
    }
}
