using Cottention.Inference;
using Cottention.Inference.Runners;
using Cottention.Inference.Runners.Cpu;
using static TorchSharp.torch;

namespace Cottention.Torch.Runners;

/// <summary>What this build of libtorch can run on, and with which weights.</summary>
internal static class TorchDevices
{
    /// <summary>CUDA devices that libtorch sees.</summary>
    public static int CudaCount => cuda.is_available() ? cuda.device_count() : 0;

    /// <summary>The device of a name, or the best one.</summary>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidArgument"/>: not there.</exception>
    public static Device Find(string? name)
    {
        var count = CudaCount;
        if (name is null)
            return count > 0 ? new Device(TorchSharp.DeviceType.CUDA, 0) : CPU;
        if (name == DeviceName.Cpu)
            return CPU;
        if (DeviceName.CudaNumber(name) is { } index && index < count)
            return new Device(TorchSharp.DeviceType.CUDA, index);
        throw Fault(name, count);
    }

    /// <summary>The format of the weights' values.</summary>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidArgument"/>: integers.</exception>
    public static WeightFormat FormatOf(WeightFormat stored, WeightFormat asked)
    {
        var format = asked == WeightFormat.Auto ? stored : asked;
        return format is WeightFormat.F32 or WeightFormat.Bf16
            ? format
            : throw new InferenceException(InferenceError.InvalidArgument, $"weights are {format.Name()}; allowed with libtorch: f32, bf16");
    }

    private static InferenceException Fault(string name, int count) => new(
        InferenceError.InvalidArgument,
        $"device is '{name}'; allowed: cpu{(count > 0 ? $", cuda:0 to cuda:{count - 1}" : "; libtorch finds no CUDA device")}");
}
