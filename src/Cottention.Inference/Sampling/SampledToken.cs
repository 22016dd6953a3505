namespace Cottention.Inference.Sampling;

/// <summary>A picked token.</summary>
/// <param name="Id">Token id; -1 where none was picked.</param>
/// <param name="Logprob">ln p in the model's own distribution; NaN unless log-probabilities were asked for.</param>
/// <param name="TopCount">Entries written to the caller's list of most probable tokens.</param>
public readonly record struct SampledToken(int Id, float Logprob, int TopCount);
