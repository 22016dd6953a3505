namespace Cottention.Training.Measurement;

/// <summary>What one workload took in a process of its own.</summary>
/// <param name="PeakBytes">Most memory at once, above what the process had before the workload.</param>
/// <param name="KeptBytes">Bytes of what is kept from one token or step to the next: a state, or keys and values; 0 where nothing is.</param>
/// <param name="Seconds">Time of the part that counts, once warm: one training step, one token, one pass.</param>
internal sealed record Measured(long PeakBytes, long KeptBytes, double Seconds);
