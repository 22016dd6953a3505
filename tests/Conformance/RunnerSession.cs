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
        Clear();
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

    /// <summary>Runs tokens as a provisional row and returns the logits after each, [tokens, N].</summary>
    public float[] FeedProvisional(params ReadOnlySpan<int> tokens)
    {
        _plan.Clear();
        _plan.Add(Slot, Position, tokens, tokens.Length, provisional: true);
        var logits = new float[tokens.Length * _runner.VocabularySize];
        Array.Fill(logits, float.NaN);
        _runner.Run(_plan, logits);
        return logits;
    }

    /// <summary>Consumes tokens of the provisional row.</summary>
    public void Commit(int count, bool oneByOne)
    {
        for (var i = 0; oneByOne && i < count; i++)
            _runner.Commit(Slot, 1);
        if (!oneByOne)
            _runner.Commit(Slot, count);
        Position += count;
    }

    /// <summary>Goes back to position 0.</summary>
    public void Clear()
    {
        _runner.FillSlot(Slot, 0f);
        Position = 0;
    }
}
