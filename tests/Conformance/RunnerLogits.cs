using Cottention.Inference.Runners;

namespace Cottention.Conformance;

/// <summary>A short way for tests to a runner's logits.</summary>
public static class RunnerLogits
{
    /// <summary>Runs a plan and copies its rows of logits, [plan.LogitsCount, N].</summary>
    public static void Run(this IModelRunner runner, StepPlan plan, Span<float> logits)
    {
        runner.Run(plan);
        for (var i = 0; i < plan.LogitsCount; i++)
            runner.Logits(i).CopyTo(logits[(i * runner.VocabularySize)..]);
    }
}
