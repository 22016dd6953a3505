using Cottention.Inference.Runners;

namespace Cottention.Conformance;

/// <summary>Feeds one slot of a runner in tests: a plan of its own, logits poisoned before every step.</summary>
public sealed class RunnerSession
{
    private readonly IModelRunner _runner;
    private readonly StepPlan _plan;

    /// <summary>A session at position 0 in a zeroed slot.</summary>
    public RunnerSession(IModelRunner runner, int slot)
    {
        _runner = runner;
        _plan = new StepPlan(1, runner.MaxTokens);
        Slot = slot;
        runner.FillSlot(slot, 0f);
    }

    /// <summary>The slot it lives in.</summary>
    public int Slot { get; set; }

    /// <summary>Tokens consumed.</summary>
    public long Position { get; set; }

    /// <summary>The slot's state, [L, H, V, K].</summary>
    public float[] State
    {
        get
        {
            var state = new float[_runner.StateLayout.ElementCount];
            _runner.ReadSlot(Slot, state);
            return state;
        }
    }

    /// <summary>Consumes tokens in one row and returns the logits after the last.</summary>
    public float[] Feed(params ReadOnlySpan<int> tokens)
    {
        _plan.Clear();
        _plan.Add(Slot, Position, tokens, wantsLogits: true);
        var logits = new float[_runner.VocabularySize];
        Array.Fill(logits, float.NaN);
        _runner.Run(_plan, logits);
        Position += tokens.Length;
        return logits;
    }

    /// <summary>Consumes tokens one at a time and returns all logits, [tokens, N].</summary>
    public float[] FeedSingly(ReadOnlySpan<int> tokens)
    {
        var logits = new List<float>();
        foreach (var token in tokens)
            logits.AddRange(Feed(token));
        return [.. logits];
    }
}
