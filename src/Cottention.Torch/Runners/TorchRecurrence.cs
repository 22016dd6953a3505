using Cottention.Inference.Model;
using static TorchSharp.torch;

namespace Cottention.Torch.Runners;

/// <summary>
/// The recurrence in torch operations, for any device. Only operations whose result at one place depends on nothing but its own
/// operands: a product and a sum are two operations, each rounded, since one that does both (addcmul) may fuse them or not; and the
/// state is read by a product and a sum over a row, since batched matrix products choose their order of sums by the batch.
/// </summary>
internal sealed class TorchRecurrence(ModelConfig config) : IRecurrence
{
    private const double SmallestNorm = 1e-12;

    private readonly int _heads = config.HeadCount;
    private readonly int _headDim = config.HeadDim;

    // Of the step under way; they belong to its dispose scope.
    private PlanTensors? _plan;
    private Tensor? _cosines;
    private Tensor? _sines;
    private Tensor? _divisors;
    private Tensor? _slots;

    public string Name => "torch operations";

    public bool ByTime => true;

    public void Begin(PlanTensors plan) =>
        (_plan, _cosines, _sines, _divisors, _slots) = (plan, plan.Cosines, plan.Sines, plan.Divisors, plan.Slots);

    public Tensor Run(int layer, Tensor queryKeyValue, Tensor states)
    {
        var plan = _plan!; // Begin comes first
        using var scope = NewDisposeScope();
        var heads = queryKeyValue.narrow(0, 0, plan.TokenCount).view(plan.TokenCount, 3, _heads, _headDim);
        var units = Unit(Turn(heads.narrow(1, 0, 2)));
        var (query, key) = (units.select(1, 0).unsqueeze(-2), units.select(1, 1).unsqueeze(-2));
        var value = (heads.select(1, 2) * _divisors![layer]).unsqueeze(-1);

        var output = zeros([queryKeyValue.shape[0], _heads, _headDim], dtype: queryKeyValue.dtype, device: queryKeyValue.device);
        var ofLayer = states.select(1, layer);
        var single = plan.RowCount == 1;
        var rows = single ? ofLayer.narrow(0, plan.OnlySlot, 1) : ofLayer.index_select(0, _slots!);
        for (var time = 0; time < plan.TimeCount; time++)
        {
            using var inner = NewDisposeScope();
            var (begin, count) = plan.At(time);
            var active = rows.narrow(0, 0, count);
            active.add_(value.narrow(0, begin, count) * key.narrow(0, begin, count));
            output.narrow(0, begin, count).copy_((active * query.narrow(0, begin, count)).sum(-1));
        }
        if (!single)
            ofLayer.index_copy_(0, _slots!, rows);
        return output.flatten(1).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
    }

    // Pairs (2i, 2i+1) of the first components turn; the rest stays.
    private Tensor Turn(Tensor heads)
    {
        var pairs = _cosines!.shape[^1];
        if (pairs == 0)
            return heads;
        var both = heads.narrow(-1, 0, 2 * pairs).unflatten(3, [pairs, 2]);
        var (even, odd) = (both.select(-1, 0), both.select(-1, 1));
        var turned = stack([(even * _cosines).sub_(odd * _sines!), (odd * _cosines).add_(even * _sines!)], -1).flatten(3);
        return 2 * pairs == _headDim ? turned : cat([turned, heads.narrow(-1, 2 * pairs, _headDim - (2 * pairs))], -1);
    }

    private static Tensor Unit(Tensor heads)
    {
        var lines = heads.contiguous();
        return lines / (lines * lines).sum(-1, keepdim: true).sqrt_().clamp_min_(SmallestNorm);
    }
}
