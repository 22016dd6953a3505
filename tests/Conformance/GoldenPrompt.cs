namespace Cottention.Conformance;

/// <summary>A prompt of the golden data with the reference's logits after every token and its final state.</summary>
/// <param name="Model">Folder of the model.</param>
/// <param name="TokensFile">File of the token ids, as folder and name.</param>
/// <param name="TokensName">Tensor of the token ids.</param>
/// <param name="LogitsFile">File of the expected values, as folder and name.</param>
/// <param name="LogitsName">Tensor of the logits.</param>
/// <param name="StateName">Tensor of the final state in the same file, or null.</param>
/// <param name="PositionsName">Tensor of the positions whose logits are given; null for all.</param>
/// <param name="LogitsTolerance">Largest difference of a float32 implementation's logits.</param>
/// <param name="StateTolerance">Largest difference of a float32 implementation's state.</param>
public sealed record GoldenPrompt(
    string Model,
    (string Folder, string Name) TokensFile,
    string TokensName,
    (string Folder, string Name) LogitsFile,
    string LogitsName,
    string? StateName,
    string? PositionsName,
    double LogitsTolerance,
    double StateTolerance)
{
    private const double Float32Logits = 2e-5;
    private const double Float32State = 1e-5;

    // 3000 tokens: the reference's float32 angles are off by up to 1e-4, and a float32 state drifts by about
    // 2.4e-8 sqrt(steps) of its size, which is 63 here.
    private const double LongRunLogits = 5e-5;
    private const double LongRunState = 2e-4;

    /// <summary>Everything that float32 arithmetic on a model's own weights must reproduce.</summary>
    public static IReadOnlyList<GoldenPrompt> All { get; } =
    [
        Plain("tiny", "len1."),
        Plain("tiny", "len37."),
        Plain("tiny", "len200."),
        Plain("d64", ""),
        Plain("small-rope-none", ""),
        HalfWeights("tiny_f16", "f16"),
        HalfWeights("tiny_bf16", "bf16"),
        new("tiny", ("tiny", "golden_long3000.safetensors"), "input_ids", ("tiny", "golden_long3000.safetensors"), "logits_rnn",
            "state_final", "positions", LongRunLogits, LongRunState),
    ];

    /// <summary>What an implementation that rounds weights to bfloat16 must reproduce.</summary>
    public static IReadOnlyList<GoldenPrompt> Bf16Weights { get; } = [HalfWeights("tiny_bf16", "bf16")];

    private static GoldenPrompt Plain(string model, string prefix) => new(
        model, (model, "golden.safetensors"), $"{prefix}input_ids", (model, "golden.safetensors"), $"{prefix}logits_rnn",
        $"{prefix}state_final", null, Float32Logits, Float32State);

    private static GoldenPrompt HalfWeights(string model, string format) => new(
        model, ("tiny", "golden.safetensors"), "len37.input_ids", ("tiny", "golden_half_weights.safetensors"),
        $"len37.logits_{format}_weights", null, null, Float32Logits, Float32State);
}
