using Cottention.Inference.Model;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Cottention.Torch;

/// <summary>
/// A causal Cottention language model as a TorchSharp module: the readable reference that other runners are compared with,
/// and what is trained. Parameters carry the names of a GPT-J checkpoint. Not safe for use by two threads at once.
/// </summary>
public sealed class CottentionModel : nn.Module<Tensor, Tensor>
{
    /// <summary>What the names of the layers' parameters begin with.</summary>
    public const string LayerPrefix = "transformer.h.";

    private const double InitialDeviation = 0.02;

    private readonly Embedding _embedding;
    private readonly ModuleList<Block> _blocks;
    private readonly LayerNorm _norm;
    private readonly Projection _head;

    /// <summary>A model with all matrices zero: load weights or call <see cref="Initialize"/>.</summary>
    /// <param name="config">Sizes of the model.</param>
    /// <param name="type">Type of weights and arithmetic: Float32 (default) or Float64.</param>
    /// <param name="attention">Cosine by default; softmax only to compare with.</param>
    /// <param name="device">Where the weights lie. Default: the CPU.</param>
    public CottentionModel(ModelConfig config, ScalarType type = ScalarType.Float32, AttentionKind attention = AttentionKind.Cosine, Device? device = null)
        : base(nameof(CottentionModel))
    {
        Config = config;
        Type = type;
        Attention = attention;
        var body = new Body();
        body.register_module("wte", _embedding = nn.Embedding(config.VocabularySize, config.EmbeddingSize, device: device, dtype: type));
        body.register_module("h", _blocks = new ModuleList<Block>([.. Enumerable.Range(0, config.LayerCount).Select(_ => new Block(config, attention, type, device))]));
        body.register_module("ln_f", _norm = nn.LayerNorm(config.EmbeddingSize, eps: config.LayerNormEpsilon, device: device, dtype: type));
        register_module("transformer", body);
        register_module("lm_head", _head = new Projection(config.EmbeddingSize, config.VocabularySize, bias: true, type, device));
    }

    /// <summary>Sizes of the model.</summary>
    public ModelConfig Config { get; }

    /// <summary>How tokens read those before them.</summary>
    public AttentionKind Attention { get; }

    /// <summary>Where the weights lie.</summary>
    public Device Device => _embedding.weight!.device; // never null: the embedding has always a weight

    /// <summary>Type of weights and states.</summary>
    public ScalarType Type { get; }

    /// <summary>
    /// Type of the matrix products, null (default) for <see cref="Type"/>. With BFloat16 only the products are in bfloat16;
    /// weights, norms, rotation, the value's divisor, states and logits stay in <see cref="Type"/>.
    /// </summary>
    public ScalarType? ProductType
    {
        get => _head.ProductType;
        set
        {
            foreach (var projection in modules().OfType<Projection>())
                projection.ProductType = value;
        }
    }

    /// <summary>Other turns than those of <see cref="RotaryAngles"/>, by position; for tests against a stored table.</summary>
    internal Func<Tensor, Tensor>? Turns { get; set; }

    /// <summary>The layers, first to last.</summary>
    internal IList<Block> Blocks => _blocks;

    /// <summary>The state before the first token.</summary>
    /// <param name="batch">B.</param>
    /// <param name="device">Where it lies; default: where the weights lie.</param>
    public ModelState ZeroState(long batch, Device? device = null)
    {
        device ??= Device;
        return new([.. _blocks.Select(block => block.Attention.ZeroState(batch, device))], zeros(batch, dtype: ScalarType.Int64, device: device));
    }

    /// <summary>Logits of sequences that start at position 0.</summary>
    /// <param name="tokens">[B, T] i64.</param>
    /// <returns>[B, T, N].</returns>
    public override Tensor forward(Tensor tokens)
    {
        using var scope = NewDisposeScope();
        return Run(tokens, ZeroState(tokens.shape[0]), AttentionForm.Chunked).Logits.MoveToOuterDisposeScope();
    }

    /// <summary>Goes on from a state.</summary>
    /// <param name="tokens">[B, T] i64, each at least 0 and below N.</param>
    /// <param name="state">Before these tokens; not changed.</param>
    /// <param name="form">How to compute it.</param>
    /// <returns>Logits [B, T, N] after each token, and the state after the last.</returns>
    public (Tensor Logits, ModelState State) Run(Tensor tokens, ModelState state, AttentionForm form)
    {
        using var scope = NewDisposeScope();
        var (hidden, after) = Hidden(tokens.to(Device), state, form);
        return (_head.call(hidden).to(Type).MoveToOuterDisposeScope(), after.MoveToOuterDisposeScope());
    }

    /// <summary>How well tokens are foretold, without ever holding the logits of all of them. For training.</summary>
    /// <param name="tokens">[B, T + 1] i64: all but the last are read, all but the first are foretold.</param>
    /// <param name="state">Before these tokens; not changed.</param>
    /// <returns>Mean loss in nats a token, a scalar, and the state after the last token read.</returns>
    public (Tensor Loss, ModelState State) Loss(Tensor tokens, ModelState state)
    {
        using var scope = NewDisposeScope();
        var length = tokens.shape[1] - 1;
        tokens = tokens.to(Device);
        var (hidden, after) = Hidden(tokens.narrow(1, 0, length), state, AttentionForm.Chunked);
        var loss = LinearCrossEntropy.Mean(
            hidden.flatten(0, 1), _head.Weight, _head.Bias!, tokens.narrow(1, 1, length).flatten(), ProductType ?? Type);
        return (loss.MoveToOuterDisposeScope(), after.MoveToOuterDisposeScope());
    }

    /// <summary>
    /// Weights to start training from: matrices normal with deviation 0.02, norms 1 and 0, biases 0, and the norm_const of a
    /// layer's heads spread evenly over a range. (The authors begin with 0.5 everywhere. A run from there moved them all to
    /// -0.3 .. -1.5 in its first thousand steps: the higher, the less the newest tokens count.)
    /// </summary>
    /// <param name="lowestNormConst">norm_const of each layer's first head.</param>
    /// <param name="highestNormConst">norm_const of each layer's last head.</param>
    /// <param name="generator">Decides the random numbers.</param>
    public void Initialize(double lowestNormConst, double highestNormConst, Generator generator)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        foreach (var parameter in parameters().Where(parameter => parameter.dim() == 2))
            parameter.copy_(empty(parameter.shape, dtype: Type).normal_(0, InitialDeviation, generator));
        foreach (var attention in _blocks.Select(block => block.Attention).OfType<CosineAttention>())
            attention.NormConst.copy_(linspace(lowestNormConst, highestNormConst, Config.HeadCount, Type).reshape(1, -1, 1, 1));
    }

    /// <summary>What the head reads, [B, T, D], and the state after the last token.</summary>
    private (Tensor Hidden, ModelState State) Hidden(Tensor tokens, ModelState state, AttentionForm form)
    {
        using var scope = NewDisposeScope();
        var length = tokens.shape[1];
        var positions = state.Positions.unsqueeze(1) + arange(length, dtype: ScalarType.Int64, device: tokens.device);
        var turns = Turns?.Invoke(positions) ?? RotaryAngles.Turns(positions, Config.RotaryDim, Type);
        var counts = (positions + 1).to(Type).unsqueeze(1).unsqueeze(-1);

        var hidden = _embedding.call(tokens);
        var states = new List<Tensor>();
        foreach (var (block, before) in _blocks.Zip(state.Layers))
        {
            (hidden, var after) = block.call(hidden, turns, counts, before, form);
            states.Add(after);
        }
        var next = new ModelState(states, state.Positions + length).MoveToOuterDisposeScope();
        return (_norm.call(hidden).MoveToOuterDisposeScope(), next);
    }

    /// <summary>Only holds the names below <c>transformer.</c></summary>
    private sealed class Body() : nn.Module(nameof(Body));
}
