namespace Cottention.Inference.Runners;

/// <summary>What a runner takes of its device's memory: known by arithmetic before it is made.</summary>
/// <param name="WeightBytes">The model's weights.</param>
/// <param name="SlotBytes">One slot: a state as it lies there, with its tail where each slot has one.</param>
/// <param name="StepBytes">What a step works in, and tails that are few whatever the number of slots.</param>
public readonly record struct RunnerMemory(long WeightBytes, long SlotBytes, long StepBytes)
{
    /// <summary>All but the slots.</summary>
    public long FixedBytes => WeightBytes + StepBytes;

    /// <summary>All of it.</summary>
    public long Of(int slots) => FixedBytes + (slots * SlotBytes);
}
