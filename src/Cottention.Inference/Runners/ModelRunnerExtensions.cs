namespace Cottention.Inference.Runners;

/// <summary>Members of a runner that wait.</summary>
public static class ModelRunnerExtensions
{
    /// <summary>Runs a plan to its end; no step is under way.</summary>
    public static void Run(this IModelRunner runner, StepPlan plan)
    {
        runner.Begin(plan);
        if (plan.LogitsCount > 0)
            runner.End();
    }

    /// <summary>Exports a slot to <paramref name="state"/>, [L, H, V, K] f32, once fewer reads are under way than the runner takes.</summary>
    public static void ReadSlot(this IModelRunner runner, int slot, Span<float> state)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(state.Length, runner.StateLayout.ElementCount, nameof(state));
        int read;
        while ((read = runner.BeginReadSlot(slot)) < 0)
            Thread.Yield();
        runner.EndReadSlot(read, state);
    }
}
