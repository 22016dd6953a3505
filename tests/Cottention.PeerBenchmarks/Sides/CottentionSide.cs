using Cottention.Inference.Runners;
using Cottention.Inference.Runners.Cpu;

namespace Cottention.PeerBenchmarks.Sides;

/// <summary>
/// Our runner at a position. The position is a number of the plan: a state has the same size at each, so none has to be built.
/// The runner belongs to the caller.
/// </summary>
internal sealed class CottentionSide : ISide
{
    private readonly CpuModelRunner _runner;
    private readonly StepPlan _plan;

    /// <param name="runner">Has a slot for each row.</param>
    /// <param name="work">Rows and tokens of a step.</param>
    /// <param name="position">Position of each row's first token.</param>
    public CottentionSide(CpuModelRunner runner, Work work, long position)
    {
        _runner = runner;
        var tokens = new Random(1);
        _plan = new StepPlan(work.Rows, work.Rows * work.TokensPerRow);
        for (var row = 0; row < work.Rows; row++)
        {
            int[] rowTokens = [.. Enumerable.Range(0, work.TokensPerRow).Select(_ => tokens.Next(runner.VocabularySize))];
            _plan.Add(row, position, rowTokens, wantsLogits: true);
            runner.FillSlot(row, 0);
        }
    }

    /// <inheritdoc/>
    public void Prepare()
    {
    }

    /// <inheritdoc/>
    public void Step() => _runner.Run(_plan);

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
