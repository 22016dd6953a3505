namespace Cottention.Training.Evaluation;

/// <summary>What computes an evaluation.</summary>
internal enum EvaluationRunner
{
    /// <summary>One after the other; their results are compared.</summary>
    Both,

    /// <summary>The server's CPU runner.</summary>
    Cpu,

    /// <summary>The Torch module, with float32 arithmetic.</summary>
    Torch,
}
