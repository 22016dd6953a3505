using Cottention.Inference.Runners;

namespace Cottention.Server.Hosting;

/// <summary>Memory where a runner is to be: the one place that knows what fits.</summary>
/// <param name="Device">Its name, for people.</param>
/// <param name="FreeBytes">What the runner may take at most; null where nobody can tell.</param>
/// <param name="IsShared">Whether other parts of the process live in it, as in a processor's memory.</param>
internal readonly record struct DeviceMemory(string Device, long? FreeBytes, bool IsShared)
{
    /// <summary>Memory of processors: what the process may use.</summary>
    public static DeviceMemory OfProcess(long bytes) => new("cpu", bytes, IsShared: true);

    /// <summary>Memory of a card.</summary>
    public static DeviceMemory OfCard(string device, long? freeBytes) => new(device, freeBytes, IsShared: false);

    /// <summary>What a runner's weights and steps leave for slots; null where nobody can tell.</summary>
    public long? RoomFor(RunnerMemory runner) => FreeBytes is { } free ? Math.Max(0, free - runner.FixedBytes) : null;

    /// <summary>What slots may take where nobody says how much: on a card all that is left, since whoever takes more than this runner is not there; in shared memory at most half.</summary>
    public long? ShareFor(RunnerMemory runner) => IsShared && FreeBytes is { } free ? Math.Min(free / 2, RoomFor(runner)!.Value) : RoomFor(runner); // known, as FreeBytes is
}
