using System.Numerics;
using Cottention.Inference.Runners;

namespace Cottention.Inference.Engine;

/// <summary>
/// What a step of 1, 2, 4 and 8 tokens costs, in any unit. Where weights stream from memory 4 tokens take hardly longer than
/// one and drafts pay even if few are accepted; where they sit in a cache it is otherwise. Immutable.
/// </summary>
internal sealed class DraftCosts
{
    private const int MinRounds = 3;
    private const int MaxRounds = 20;
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(100);

    private readonly double[] _costs;

    /// <summary>Costs of 1, 2, 4 and 8 tokens.</summary>
    public DraftCosts(params ReadOnlySpan<double> costs)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(costs.Length, 1 + BitOperations.Log2(EngineOptions.DraftWindow), nameof(costs));
        _costs = costs.ToArray();
    }

    /// <summary>Every step costs the same: all drafts pay.</summary>
    public static DraftCosts Flat { get; } = new(1, 1, 1, 1);

    /// <summary>Cost of a step of 1 to <see cref="EngineOptions.DraftWindow"/> tokens: that of the runner's tile they fit.</summary>
    public double Of(int tokens) => _costs[BitOperations.Log2((uint)(2 * tokens) - 1)];

    /// <summary>The least of some runs of each size, on a slot whose contents do not matter.</summary>
    public static DraftCosts Measure(IModelRunner runner, int slot, TimeProvider time)
    {
        const int Largest = EngineOptions.DraftWindow;
        var plan = new StepPlan(1, Largest);
        var tokens = new int[Largest];
        var costs = new double[1 + BitOperations.Log2(Largest)];
        Array.Fill(costs, double.PositiveInfinity);
        var started = time.GetTimestamp();
        runner.FillSlot(slot, 0);
        for (var round = 0; round < MinRounds || (round < MaxRounds && time.GetElapsedTime(started) < Patience); round++)
            for (var (size, count) = (0, 1); count <= Math.Min(Largest, runner.MaxTokens); size++, count *= 2)
            {
                plan.Clear();
                plan.Add(slot, 0, tokens.AsSpan(0, count), count, provisional: count > 1 && count <= runner.MaxProvisionalTokens);
                var start = time.GetTimestamp();
                runner.Run(plan);
                costs[size] = Math.Min(costs[size], time.GetElapsedTime(start).TotalSeconds);
            }
        return new DraftCosts(costs);
    }
}
