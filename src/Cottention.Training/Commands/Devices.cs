using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace Cottention.Training.Commands;

/// <summary>Reads the name of a device.</summary>
internal static class Devices
{
    private const string Cuda = "cuda";

    /// <summary>Reads <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</summary>
    /// <exception cref="FormatException">No such device here; the message says why in one line.</exception>
    public static Device Parse(string name)
    {
        if (name == "cpu")
            return CPU;
        var index = name == Cuda ? 0 : name.StartsWith(Cuda + ":", StringComparison.Ordinal)
            && int.TryParse(name.AsSpan(Cuda.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;
        if (index < 0)
            throw new FormatException($"The device is '{name}'; allowed: cpu, cuda, cuda:N.");
        if (!cuda.is_available())
            throw new FormatException($"The device is '{name}', but this libtorch finds no CUDA. It needs a build with -p:Torch=cuda, a driver and a card.");
        return index < cuda.device_count()
            ? new Device(DeviceType.CUDA, index)
            : throw new FormatException($"The device is '{name}'; this machine has {cuda.device_count()}, counted from 0.");
    }
}
