using System.Globalization;
using Cottention.Cuda;
using Cottention.Inference;

namespace Cottention.Server.Hosting;

/// <summary>Which runner serves, on which device, and why: the line that the start report and the log have of it.</summary>
/// <param name="Kind">The runner.</param>
/// <param name="CudaDevice">Where it is <see cref="RunnerKind.Cuda"/>: number of the device.</param>
/// <param name="Reason">What was chosen and why not the other, in one line.</param>
/// <param name="FallsBack">Whether the CPU serves where this runner refuses: what was not asked for by name must not keep a server from starting.</param>
internal sealed record RunnerChoice(RunnerKind Kind, int CudaDevice, string Reason, bool FallsBack = false)
{
    /// <summary>Older cards lack bfloat16 tensor cores.</summary>
    public static readonly Version LeastComputeCapability = new(8, 0);

    private const double MiB = 1024 * 1024;

    /// <summary>Chooses. What was asked for by name is taken: <see cref="DeviceOption.Fault"/> comes before.</summary>
    /// <param name="asked">The option.</param>
    /// <param name="model">What the model asks of a device.</param>
    /// <param name="find">Looks for CUDA devices; called only by <c>auto</c>.</param>
    public static RunnerChoice Of(DeviceOption asked, ModelNeeds model, Func<CudaDeviceList> find)
    {
        if (asked.Kind is { } kind)
            return new RunnerChoice(kind, asked.CudaDevice, $"{asked.Text}, as asked for");
        // What the model lacks is said before what the machine lacks: a card would not help.
        if (model.WhyNotCuda is { } unfit)
            return Cpu(unfit);
        var found = find();
        if (found.WhyNone is { } none)
            return Cpu(none);
        var chosen = found.Devices.FirstOrDefault(device => WhyNot(device, model) is null);
        return chosen is null
            ? Cpu(string.Join("; ", found.Devices.Select(device => WhyNot(device, model))))
            : new RunnerChoice(RunnerKind.Cuda, chosen.Index, $"auto chose {chosen.Id}: {chosen}", FallsBack: true);
    }

    /// <summary>Makes what was chosen, or the CPU's where that refuses: a card may lack cuBLASLt, or memory, which only trying shows.</summary>
    /// <param name="make">Makes what serves by a choice.</param>
    public T Make<T>(Func<RunnerChoice, T> make)
    {
        try
        {
            return make(this);
        }
        catch (InferenceException refusal) when (FallsBack)
        {
            return make(Cpu(refusal.Message));
        }
    }

    /// <summary>Whether a card is older than the kernels.</summary>
    public static bool IsTooOld(CudaDevice device) => !device.IsEmulation && device.ComputeCapability < LeastComputeCapability;

    private static RunnerChoice Cpu(string whyNotCuda) => new(RunnerKind.Cpu, 0, $"auto chose cpu, not CUDA: {whyNotCuda}");

    private static string? WhyNot(CudaDevice device, ModelNeeds model) =>
        device.IsEmulation ? "the native library is its CPU build, which is for tests"
        : IsTooOld(device) ? $"{device.Id} is {device}, older than compute capability {LeastComputeCapability}"
        : WhyNot(DeviceMemory.OfCard(device.Id, device.FreeBytes), model);

    // The states of all slots, beside weights and steps: as the budget has it.
    private static string? WhyNot(DeviceMemory card, ModelNeeds model)
    {
        var needed = model.MemoryOf(RunnerKind.Cuda);
        var slots = model.Sizes.SlotCount;
        return needed.SlotBytes * slots > card.RoomFor(needed)
            ? string.Create(CultureInfo.InvariantCulture,
                $"{card.Device} has {card.FreeBytes / MiB:N0} MiB free; the model with {slots} slots takes {needed.Of(slots) / MiB:N0} MiB")
            : null;
    }
}
