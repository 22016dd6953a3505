namespace Cottention.Training.Optimization;

/// <summary>What moves the matrices of the layers.</summary>
internal enum OptimizerKind
{
    /// <summary>Adam with decoupled weight decay.</summary>
    AdamW,

    /// <summary>Momentum made orthogonal.</summary>
    Muon,
}
