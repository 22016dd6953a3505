using Cottention.Inference.Runners;

namespace Cottention.Conformance;

/// <summary>A runner that draws, as a device would: from another's logits, by the sampler's exact way, and now and then it is not certain.</summary>
/// <param name="inner">Runs the plans.</param>
/// <param name="undecided">Share of draws that are left to the host.</param>
public sealed class DrawingRunner(IModelRunner inner, double undecided = 0) : RunnerDecorator(inner)
{
    private readonly ExactDraw _exact = new(inner.VocabularySize);
    private readonly Random _random = new(1);
    private readonly int[] _drawn = new int[inner.MaxRows];

    /// <summary>Draws that were asked for.</summary>
    public int Asked { get; private set; }

    /// <summary>Rows of logits that were looked at by others.</summary>
    public int Fetched { get; private set; }

    public override bool DrawsTokens => true;

    public override void Run(StepPlan plan)
    {
        base.Run(plan);
        for (var i = 0; i < plan.LogitsCount; i++)
            _drawn[i] = plan.Draws[i].IsWanted ? Draw(base.Logits(i), plan.Draws[i]) : -1;
    }

    public override ReadOnlySpan<float> Logits(int index)
    {
        Fetched++;
        return base.Logits(index);
    }

    public override int Drawn(int index) => _drawn[index];

    private int Draw(ReadOnlySpan<float> logits, in RowDraw draw)
    {
        Asked++;
        return _random.NextDouble() < undecided ? -1 : _exact.Token(logits, draw);
    }
}
