using Cottention.Cuda;
using Cottention.Inference.Runners;

namespace Cottention.Server.Hosting;

/// <summary>What <c>--device</c> asks for.</summary>
/// <param name="Text">As it was written.</param>
/// <param name="Kind">The runner; null for <c>auto</c>.</param>
/// <param name="CudaDevice">Number of the CUDA device, from 0.</param>
internal sealed record DeviceOption(string Text, RunnerKind? Kind, int CudaDevice = 0)
{
    /// <summary>The best device that is found.</summary>
    public const string Auto = "auto";

    /// <summary>What may be written.</summary>
    public const string Allowed = "auto, cpu, cuda, cuda:n, torch";

    /// <summary>What a text asks for, or null where it is none of <see cref="Allowed"/>.</summary>
    public static DeviceOption? Parse(string text) => text switch
    {
        Auto => new(text, null),
        DeviceName.Cpu => new(text, RunnerKind.Cpu),
        "torch" => new(text, RunnerKind.Torch),
        _ when DeviceName.CudaNumber(text) is { } number => new(text, RunnerKind.Cuda, number),
        _ => null,
    };

    /// <summary>Why a text cannot be served by this build on this machine, in one line; null where it can.</summary>
    /// <param name="text">The option.</param>
    /// <param name="find">Looks for CUDA devices; called only where the answer needs them.</param>
    /// <param name="hasTorch">Whether this build carries libtorch.</param>
    public static string? Fault(string text, Func<CudaDeviceList> find, bool hasTorch) => Parse(text) switch
    {
        null => $"Device is '{text}'; allowed: {Allowed}",
        { Kind: RunnerKind.Torch } when !hasTorch => $"Device is '{text}', and this build carries no libtorch; build it with -p:Torch=cpu or -p:Torch=cuda, or choose another device",
        { Kind: RunnerKind.Cuda } option => option.CudaFault(find()),
        _ => null,
    };

    private string? CudaFault(CudaDeviceList found)
    {
        if (found.WhyNone is { } reason)
            return $"Device is '{Text}', and no CUDA device can be used: {reason}; allowed here: auto, cpu";
        if (CudaDevice >= found.Devices.Count)
            return $"Device is '{Text}'; allowed here: cuda:0{(found.Devices.Count > 1 ? $" to cuda:{found.Devices.Count - 1}" : "")}, auto, cpu";
        return RunnerChoice.IsTooOld(found.Devices[CudaDevice])
            ? $"Device is '{Text}', which is {found.Devices[CudaDevice]}; allowed: cards of compute capability {RunnerChoice.LeastComputeCapability} or more"
            : null;
    }
}
