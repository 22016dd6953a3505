using System.Globalization;
using Cottention.Inference;
using Cottention.Inference.Runners;

namespace Cottention.Server.Hosting;

/// <summary>Admission by arithmetic: slots times bytes per slot must fit the memory set aside for them.</summary>
/// <param name="Bytes">Memory set aside.</param>
/// <param name="SlotBytes">Bytes of one slot: a state with its tail.</param>
/// <param name="Origin">Where the number comes from.</param>
/// <param name="Remedy">What helps beside fewer slots.</param>
internal readonly record struct StateBudget(long Bytes, long SlotBytes, string Origin, string Remedy)
{
    private const double MiB = 1024 * 1024;
    private const string LargerBudget = "a larger --state-budget-mib";

    /// <summary>Sessions whose states fit.</summary>
    public long SessionsThatFit => Bytes / SlotBytes;

    /// <summary>The budget for a runner where it is to be: what is set, but on a card no more than its weights and steps leave; see <see cref="DeviceMemory"/> where nothing is set.</summary>
    /// <param name="setMiB">What the operator set; 0 for nothing.</param>
    /// <param name="runner">What the runner takes.</param>
    /// <param name="device">Where.</param>
    /// <exception cref="InferenceException">Nothing is set, and nobody can tell what the device has.</exception>
    public static StateBudget Of(int setMiB, RunnerMemory runner, DeviceMemory device)
    {
        var set = setMiB * (1L << 20);
        if (setMiB > 0 && (device.IsShared || set <= (device.RoomFor(runner) ?? long.MaxValue)))
            return new StateBudget(set, runner.SlotBytes, "as set", LargerBudget);
        var share = device.ShareFor(runner) ?? throw new InferenceException(InferenceError.InvalidArgument,
            $"how much memory is free on {device.Device} is not known without the native library; allowed: a --state-budget-mib");
        var free = string.Create(CultureInfo.InvariantCulture, $"{device.FreeBytes / MiB:N0} MiB");
        return device.IsShared
            ? new StateBudget(share, runner.SlotBytes, $"of {free} that this process may use", LargerBudget)
            : new StateBudget(share, runner.SlotBytes, $"what weights and steps leave of {free} free on {device.Device}", "another --device");
    }

    /// <summary>Refuses a number of slots that does not fit.</summary>
    public void Check(int slots)
    {
        if (slots > SessionsThatFit)
            throw new InferenceException(InferenceError.InvalidModel, string.Create(CultureInfo.InvariantCulture,
                $"slots is {slots} and a state takes {SlotBytes / MiB:0.00} MiB, {slots * (SlotBytes / MiB):0.0} MiB in all; "
                + $"the state budget is {Bytes / MiB:0.0} MiB, {Origin}; allowed: at most {SessionsThatFit} slots, or {Remedy}"));
    }
}
