using Cottention.Inference.Runners;

namespace Cottention.Inference.Engine;

/// <summary>A step: its plan, and whose each row is. One is planned while another is under way. Step thread only.</summary>
internal sealed class PlannedStep(int maxRows, int maxTokens)
{
    private readonly Generation?[] _generations = new Generation?[maxRows];

    /// <summary>The rows.</summary>
    public StepPlan Plan { get; } = new(maxRows, maxTokens);

    /// <summary>The generation of each row; null where the row turned out to be in vain.</summary>
    public ReadOnlySpan<Generation?> Generations => _generations.AsSpan(0, Plan.RowCount);

    /// <summary>Whether it has begun and not ended.</summary>
    public bool IsUnderWay { get; private set; }

    /// <summary>When it began.</summary>
    public long BegunAt { get; private set; }

    /// <summary>Empties the plan. What has ended can be collected afterwards.</summary>
    public void Clear()
    {
        Array.Clear(_generations, 0, Plan.RowCount);
        Plan.Clear();
        IsUnderWay = false;
    }

    /// <summary>Adds input of a generation.</summary>
    public void Add(Generation generation, ReadOnlySpan<int> tokens, int logitsCount, bool provisional = false)
    {
        _generations[Plan.RowCount] = generation;
        Plan.Add(generation.Session.Slot, generation.Session.Position, tokens, logitsCount, provisional);
    }

    /// <summary>Adds the token that the step under way draws for a generation.</summary>
    public void AddAhead(Generation generation)
    {
        _generations[Plan.RowCount] = generation;
        Plan.AddAhead(generation.Session.Slot, generation.Session.Position, generation.AwaitedRow);
    }

    /// <summary>The step is under way from now on.</summary>
    public void Begun(long now) => (IsUnderWay, BegunAt) = (true, now);

    /// <summary>Has a row that ran ahead count for nothing.</summary>
    public void Void(int row) => _generations[row] = null;
}
