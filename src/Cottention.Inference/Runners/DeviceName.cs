using System.Globalization;

namespace Cottention.Inference.Runners;

/// <summary>How devices are named in options.</summary>
public static class DeviceName
{
    /// <summary>This machine's processors.</summary>
    public const string Cpu = "cpu";

    private const string Cuda = "cuda";
    private const string CudaPrefix = "cuda:";

    /// <summary>The number in <c>cuda:n</c>, 0 of <c>cuda</c>; null of anything else.</summary>
    public static int? CudaNumber(string name) =>
        name == Cuda ? 0
        : name.StartsWith(CudaPrefix, StringComparison.Ordinal)
            && int.TryParse(name.AsSpan(CudaPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : null;
}
