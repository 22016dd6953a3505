using System.Numerics;
using Cottention.Inference.Model;

namespace Cottention.Inference.Runners.Cpu;

/// <summary>
/// A whole model in plain loops, one token at a time: GPT-J blocks with causal cosine attention.
/// The reference for every runner; slow, and it allocates.
/// </summary>
/// <typeparam name="T">float or double; weights are widened to it.</typeparam>
internal sealed class CottentionModelNaive<T>
    where T : IFloatingPointIeee754<T>
{
    private readonly ModelConfig _config;
    private readonly WeightRowReader _read;
    private readonly Func<int, long, (double Sin, double Cos)> _angle;
    private readonly Dictionary<string, T[]> _tensors = [];

    /// <summary>A model at position 0 with a zero state.</summary>
    /// <param name="config">The model's numbers.</param>
    /// <param name="read">Reads the model's tensors.</param>
    /// <param name="angle">Sine and cosine of a rotary pair at a position; default <see cref="RotaryTurns"/>.</param>
    public CottentionModelNaive(ModelConfig config, WeightRowReader read, Func<int, long, (double Sin, double Cos)>? angle = null)
    {
        _config = config;
        _read = read;
        _angle = angle ?? new RotaryTurns(config.RotaryDim).SinCosAt;
        State = new T[StateLayout.Of(config).ElementCount];
    }

    /// <summary>[L, H, V, K].</summary>
    public T[] State { get; }

    /// <summary>Tokens consumed.</summary>
    public long Position { get; set; }

    /// <summary>What happens to the input of a matrix product before it; quantised runners round it. Default: nothing.</summary>
    public Func<T[], T[]> RoundInputs { get; init; } = x => x;

    /// <summary>Called with the name and the values of each intermediate, named as in the golden trace.</summary>
    public Action<string, T[]> Trace { get; set; } = (_, _) => { };

    /// <summary>Consumes one token and returns the logits [N] of the next.</summary>
    public T[] Step(int token)
    {
        var x = Row(ModelTensors.Embedding, token, _config.EmbeddingSize);
        Trace("wte", x);
        for (var layer = 0; layer < _config.LayerCount; layer++)
            x = Block(layer, x);

        var normalized = LayerNorm(x, "transformer.ln_f");
        Trace("ln_f", normalized);
        Position++;
        return Sum(Linear(normalized, ModelTensors.HeadWeight, _config.VocabularySize), Tensor(ModelTensors.HeadBias, _config.VocabularySize));
    }

    // x + attn(ln_1 x) + mlp(ln_1 x): one norm feeds both branches.
    private T[] Block(int layer, T[] x)
    {
        var h = LayerNorm(x, $"transformer.h.{layer}.ln_1");
        Trace($"h{layer}.ln_1", h);
        var output = Sum(Sum(Attention(layer, h), Mlp(layer, h)), x);
        Trace($"h{layer}.block_out", output);
        return output;
    }

    private T[] Attention(int layer, T[] h)
    {
        var name = $"transformer.h.{layer}.attn";
        var (d, k) = (_config.EmbeddingSize, _config.HeadDim);
        var q = Linear(h, $"{name}.q_proj.weight", d);
        var key = Linear(h, $"{name}.k_proj.weight", d);
        var v = Linear(h, $"{name}.v_proj.weight", d);
        Trace($"h{layer}.q_proj", [.. q]);
        Trace($"h{layer}.k_proj", [.. key]);
        Trace($"h{layer}.v_proj", v);
        var normConst = Row($"{name}.norm_const", 0, _config.HeadCount);
        var heads = new T[d];
        for (var head = 0; head < _config.HeadCount; head++)
        {
            var own = (head * k)..((head + 1) * k);
            CosineAttentionNaive<T>.Rotate(q.AsSpan(own), _config.RotaryDim / 2, _angle, Position);
            CosineAttentionNaive<T>.Rotate(key.AsSpan(own), _config.RotaryDim / 2, _angle, Position);
            var sigma = 1.0 / (1.0 + Math.Exp(-double.CreateChecked(normConst[head])));
            var state = State.AsSpan(((layer * _config.HeadCount) + head) * k * k, k * k);
            CosineAttentionNaive<T>.Step(q.AsSpan(own), key.AsSpan(own), v.AsSpan(own), sigma, Position + 1, state, heads.AsSpan(own));
        }
        Trace($"h{layer}.q_after_rope", q);
        Trace($"h{layer}.k_after_rope", key);
        Trace($"h{layer}.attn_heads", heads);
        var output = Linear(heads, $"{name}.out_proj.weight", d);
        Trace($"h{layer}.attn_out", output);
        return output;
    }

    private T[] Mlp(int layer, T[] h)
    {
        var name = $"transformer.h.{layer}.mlp";
        var inner = Sum(Linear(h, $"{name}.fc_in.weight", _config.InnerSize), Tensor($"{name}.fc_in.bias", _config.InnerSize));
        Trace($"h{layer}.fc_in", inner);
        var activated = Array.ConvertAll(inner, GeluNew);
        Trace($"h{layer}.gelu", activated);
        var output = Sum(
            Linear(activated, $"{name}.fc_out.weight", _config.EmbeddingSize), Tensor($"{name}.fc_out.bias", _config.EmbeddingSize));
        Trace($"h{layer}.mlp_out", output);
        return output;
    }

    private static T GeluNew(T t)
    {
        var inner = T.CreateChecked(Math.Sqrt(2.0 / Math.PI)) * (t + (T.CreateChecked(0.044715) * t * t * t));
        return T.CreateChecked(0.5) * t * (T.One + T.Tanh(inner));
    }

    private T[] LayerNorm(T[] x, string name)
    {
        var (weight, bias) = (Tensor($"{name}.weight", x.Length), Tensor($"{name}.bias", x.Length));
        var count = T.CreateChecked(x.Length);
        var mean = x.Aggregate(T.Zero, (sum, value) => sum + value) / count;
        var variance = x.Aggregate(T.Zero, (sum, value) => sum + ((value - mean) * (value - mean))) / count;
        var scale = T.One / T.Sqrt(variance + T.CreateChecked(_config.LayerNormEpsilon));

        var y = new T[x.Length];
        for (var i = 0; i < x.Length; i++)
            y[i] = ((x[i] - mean) * scale * weight[i]) + bias[i];
        return y;
    }

    // y = W x with W [rows, x.Length].
    private T[] Linear(T[] x, string name, int rows)
    {
        var weight = Tensor(name, rows, x.Length);
        x = RoundInputs(x);
        var y = new T[rows];
        for (var i = 0; i < rows; i++)
            for (var j = 0; j < x.Length; j++)
                y[i] += weight[(i * x.Length) + j] * x[j];
        return y;
    }

    private static T[] Sum(T[] a, T[] b)
    {
        var sum = new T[a.Length];
        for (var i = 0; i < a.Length; i++)
            sum[i] = a[i] + b[i];
        return sum;
    }

    private T[] Row(string name, int row, int width) => Widen(name, row, 1, width);

    private T[] Tensor(string name, int rows, int width = 1)
    {
        if (!_tensors.TryGetValue(name, out var tensor))
            _tensors[name] = tensor = Widen(name, 0, rows, width);
        return tensor;
    }

    private T[] Widen(string name, int firstRow, int rows, int width)
    {
        var values = new float[rows * width];
        _read(name, firstRow, rows, values);
        return Array.ConvertAll(values, T.CreateChecked);
    }
}
