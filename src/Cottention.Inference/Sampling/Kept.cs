using System.Runtime.CompilerServices;

namespace Cottention.Inference.Sampling;

/// <summary>What the cuts leave: tokens of at least this logit and at least this weight.</summary>
internal readonly record struct Kept(float Logit, double Weight)
{
    /// <summary>Whether a token is left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Has(float logit, double weight) => logit >= Logit && weight >= Weight;
}
