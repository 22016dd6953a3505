namespace Cottention.Inference.Sampling;

/// <summary>A token and ln p in the model's own distribution: before bias, penalties, temperature and truncation.</summary>
/// <param name="Id">Token id.</param>
/// <param name="Logprob">Natural logarithm, at most 0; -infinity where the model gave none.</param>
public readonly record struct TokenLogprob(int Id, float Logprob);
