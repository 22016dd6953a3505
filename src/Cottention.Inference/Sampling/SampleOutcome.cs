namespace Cottention.Inference.Sampling;

/// <summary>What <see cref="Sampler.Sample"/> did with a row of logits.</summary>
public enum SampleOutcome
{
    /// <summary>A token was picked.</summary>
    Sampled,

    /// <summary>The model's logits hold NaN or +infinity, or are all -infinity. Nothing was picked: <see cref="InferenceError.NonFiniteLogits"/>.</summary>
    NonFiniteLogits,

    /// <summary>The logits are sound, but every token is banned or suppressed by the request. Nothing was picked.</summary>
    NoCandidates,
}
