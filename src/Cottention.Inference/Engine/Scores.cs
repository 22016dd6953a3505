using Cottention.Inference.Runners;

namespace Cottention.Inference.Engine;

/// <summary>
/// The logits after a token, wherever they are: with the runner, which may have drawn a token from them and then need not send them,
/// or kept by the session from its last generation.
/// </summary>
internal readonly ref struct Scores
{
    private readonly IModelRunner? _runner;
    private readonly int _index;
    private readonly ReadOnlySpan<float> _kept;

    /// <summary>Logits of the runner's last plan that wanted any.</summary>
    public Scores(IModelRunner runner, int index) => (_runner, _index) = (runner, index);

    /// <summary>Logits at hand, [N] f32.</summary>
    public Scores(ReadOnlySpan<float> kept) => _kept = kept;

    /// <summary>[N] f32; fetched from the device if need be.</summary>
    public ReadOnlySpan<float> Logits => _runner is null ? _kept : _runner.Logits(_index);

    /// <summary>The token that the runner drew, or -1: then it is sampled from <see cref="Logits"/>.</summary>
    public int Drawn => _runner?.Drawn(_index) ?? -1;
}
