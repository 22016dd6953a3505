using System.Diagnostics;
using Cottention.Inference.Model;
using Cottention.Torch;
using static TorchSharp.torch;

namespace Cottention.Training.Measurement;

/// <summary>The workloads whose memory is compared. Each is meant to run once in a process of its own.</summary>
internal static class Workload
{
    private const ulong Seed = 1;
    private const int TokensGenerated = 16;

    /// <summary>One sequence of T tokens forward and back, twice; the second time counts.</summary>
    public static Measured Train(ModelConfig config, AttentionKind attention, int length) => Measure(() =>
    {
        var model = NewModel(config, attention);
        var tokens = arange(length + 1, dtype: ScalarType.Int64).remainder(config.VocabularySize).unsqueeze(0);
        return (0, Time(2, () =>
        {
            var (loss, _) = model.Loss(tokens, model.ZeroState(1));
            loss.backward();
        }));
    });

    /// <summary>Tokens generated one at a time after P others. What softmax attention keeps of those is made up; its size is what counts.</summary>
    public static Measured Generate(ModelConfig config, AttentionKind attention, int position) => Measure(() =>
    {
        using var inference = inference_mode();
        var model = NewModel(config, attention);
        var token = zeros(1, 1, dtype: ScalarType.Int64);
        var state = new ModelState(
            [.. model.ZeroState(1).Layers.Select(layer => attention == AttentionKind.Cosine ? layer : zeros([2, 1, config.HeadCount, position, config.HeadDim]))],
            full([1], position, dtype: ScalarType.Int64));
        var seconds = Time(TokensGenerated, () =>
        {
            var (_, after) = model.Run(token, state, AttentionForm.Recurrent);
            state.Dispose();
            state = after.Detach();
        });
        return (state.Layers.Sum(layer => layer.numel() * layer.element_size()), seconds);
    });

    /// <summary>One layer of attention in which every token reads every token, forward and back, twice; the second time counts.</summary>
    public static Measured Bidirectional(BidirectionalKind kind, int width, int heads, int length) => Measure(() =>
    {
        // All kinds have the same three projections.
        var cosine = new CosineSelfAttention(width, heads);
        var (query, key, value) = (nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, width));
        var input = randn([1, length, width], generator: new Generator(Seed)).requires_grad_();
        var keep = ones(1, length);
        Tensor Heads(nn.Module<Tensor, Tensor> projection) => projection.call(input).unflatten(2, [heads, -1]).transpose(1, 2);
        return (0, Time(2, () => (kind switch
        {
            BidirectionalKind.Cosine => cosine.call(input, keep),
            BidirectionalKind.SoftmaxFused => nn.functional.scaled_dot_product_attention(Heads(query), Heads(key), Heads(value)),
            _ => (Heads(query).matmul(Heads(key).mT) / Math.Sqrt((double)width / heads)).softmax(-1).matmul(Heads(value)),
        }).sum().backward()));
    });

    private static CottentionModel NewModel(ModelConfig config, AttentionKind attention)
    {
        var model = new CottentionModel(config, attention: attention);
        model.Initialize(0, 0, new Generator(Seed));
        return model;
    }

    private static Measured Measure(Func<(long KeptBytes, double Seconds)> workload)
    {
        // libtorch is loaded and has its threads before anything is counted.
        ones(64, 64).matmul(ones(64, 64)).Dispose();
        ProcessMemory.ForgetPeak();
        var before = ProcessMemory.Read().Resident;
        using var scope = NewDisposeScope();
        var (kept, seconds) = workload();
        return new Measured(ProcessMemory.Read().Peak - before, kept, seconds);
    }

    /// <summary>Median time of all turns but the first.</summary>
    private static double Time(int turns, Action turn)
    {
        var seconds = new List<double>();
        for (var i = 0; i < turns; i++)
        {
            using var scope = NewDisposeScope();
            var started = Stopwatch.GetTimestamp();
            turn();
            seconds.Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
        }
        return seconds.Skip(1).Order().ElementAt((turns - 1) / 2);
    }
}
