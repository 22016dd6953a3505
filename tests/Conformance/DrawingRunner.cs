using Cottention.Inference.Runners;

namespace Cottention.Conformance;

/// <summary>
/// A runner that draws, as a device would: from another's logits, by the sampler's exact way, and now and then it is not certain. It can
/// run ahead as well, and is as strict as a device about the order of calls.
/// </summary>
public sealed class DrawingRunner : RunnerDecorator
{
    private readonly IModelRunner _inner;
    private readonly double _undecided;
    private readonly ExactDraw _exact;
    private readonly Random _random = new(1);
    private readonly PlanRules _rules;
    private readonly StepPlan _resolved;
    private readonly Result[] _results;
    private int _begun;
    private int _ended;

    /// <param name="inner">Runs the plans. To run ahead it takes a provisional row for every row.</param>
    /// <param name="undecided">Share of draws that are left to the host.</param>
    /// <param name="runsAhead">Whether two steps may be under way.</param>
    public DrawingRunner(IModelRunner inner, double undecided = 0, bool runsAhead = false)
        : base(inner)
    {
        (_inner, _undecided, RunsAhead) = (inner, undecided, runsAhead);
        _exact = new ExactDraw(inner.VocabularySize);
        _rules = new PlanRules(this);
        _resolved = new StepPlan(inner.MaxRows, inner.MaxTokens);
        _results = [new Result(inner), new Result(inner)];
    }

    /// <summary>Draws that were asked for.</summary>
    public int Asked { get; private set; }

    /// <summary>Rows of logits that were looked at by others.</summary>
    public int Fetched { get; private set; }

    /// <summary>Rows that ran ahead.</summary>
    public int Ahead { get; private set; }

    public override bool DrawsTokens => true;

    public override bool RunsAhead { get; }

    public override void Begin(StepPlan plan)
    {
        _rules.Check(plan);
        Resolve(plan);
        _inner.Run(_resolved);
        _rules.Begun(plan);
        if (plan.LogitsCount == 0)
            return;
        var result = _results[_begun++ % 2];
        for (var i = 0; i < plan.LogitsCount; i++)
        {
            _inner.Logits(i).CopyTo(result.Logits[i]);
            result.Drawn[i] = plan.Draws[i].IsWanted ? Draw(result.Logits[i], plan.Draws[i]) : -1;
        }
    }

    public override void End()
    {
        _rules.Ended();
        _ended++;
    }

    public override ReadOnlySpan<float> Logits(int index)
    {
        _rules.CheckLogits(index);
        Fetched++;
        return _results[(_ended - 1) % 2].Logits[index];
    }

    public override int Drawn(int index)
    {
        _rules.CheckLogits(index);
        return _results[(_ended - 1) % 2].Drawn[index];
    }

    // The plan with the tokens that were drawn in place of those that were still to be.
    private void Resolve(StepPlan plan)
    {
        _resolved.Clear();
        foreach (ref readonly var row in plan.Rows)
        {
            if (!row.IsAhead)
            {
                _resolved.Add(row.Slot, row.Position, plan.TokensOf(row), row.LogitsCount, row.IsProvisional);
                continue;
            }
            var drawn = _results[(_begun - 1) % 2].Drawn[~plan.Tokens[row.TokenStart]];
            _resolved.Add(row.Slot, row.Position, [Math.Max(drawn, 0)], row.LogitsCount, provisional: true);
            Ahead++;
        }
    }

    private int Draw(ReadOnlySpan<float> logits, in RowDraw draw)
    {
        Asked++;
        return _random.NextDouble() < _undecided ? -1 : _exact.Token(logits, draw);
    }

    private sealed class Result(IModelRunner runner)
    {
        public float[][] Logits { get; } = [.. Enumerable.Range(0, runner.MaxRows).Select(_ => new float[runner.VocabularySize])];

        public int[] Drawn { get; } = new int[runner.MaxRows];
    }
}
