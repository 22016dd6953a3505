namespace Cottention.Cli.Bench;

/// <summary>A kind of step that is measured.</summary>
internal abstract class Work
{
    /// <summary>What it is, for people: <c>decode, batch 8, position 128</c>.</summary>
    public abstract string Name { get; }

    /// <summary><c>decode</c>, <c>engine</c> or <c>prefill</c>.</summary>
    public abstract string Kind { get; }

    /// <summary>Rows of a step.</summary>
    public required int Batch { get; init; }

    /// <summary>Position of the rows when the step begins; null where it moves on from step to step.</summary>
    public long? Position { get; init; }

    /// <summary>Tokens of a step, all rows together.</summary>
    public required int Tokens { get; init; }

    /// <summary>Bytes of weights and states that a step reads and writes.</summary>
    public required long Bytes { get; init; }

    /// <summary>Arithmetic of a step's matrix products; 0 where memory decides and the number says nothing.</summary>
    public double FloatingPointOperations { get; init; }

    /// <summary>The work whose rate this one's is compared with; null for none.</summary>
    public Work? Baseline { get; init; }

    /// <summary>Runs so many steps, one after the other; seconds a step.</summary>
    public abstract double Run(int steps, CancellationToken cancellation);
}
