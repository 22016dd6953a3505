using Cottention.Cuda;

namespace Cottention.Server.Hosting;

/// <summary>What is known of the machine that the server runs on.</summary>
/// <param name="Find">Looks for CUDA devices.</param>
/// <param name="TorchSeesCuda">Whether libtorch would run on a card.</param>
/// <param name="ProcessBytes">Memory that this process may use.</param>
internal sealed record Machine(Func<CudaDeviceList> Find, Func<bool> TorchSeesCuda, long ProcessBytes)
{
    /// <summary>This machine. What is free on its cards is asked for once, so that the choice and the budget see the same.</summary>
    public static Machine This()
    {
        var found = new Lazy<CudaDeviceList>(CudaDevices.Find);
        return new Machine(() => found.Value, () => TorchRunner.SeesCuda, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
    }

    /// <summary>Memory of the device that was chosen.</summary>
    public DeviceMemory MemoryOf(RunnerChoice choice) => choice.Kind switch
    {
        // A device that is not there is refused by the runner, with the reason.
        RunnerKind.Cuda => Find().Devices.ElementAtOrDefault(choice.CudaDevice) is { } device ? DeviceMemory.OfCard(device.Id, device.FreeBytes) : DeviceMemory.OfCard("cuda", null),
        // libtorch takes its first card, which is the driver's first; only the native library tells what is free there.
        RunnerKind.Torch when TorchSeesCuda() => DeviceMemory.OfCard("cuda:0", Find().Devices is [{ IsEmulation: false } first, ..] ? first.FreeBytes : null),
        _ => DeviceMemory.OfProcess(ProcessBytes),
    };
}
