using System.Runtime.InteropServices;

namespace Cottention.Cli.Bench;

/// <summary>Where numbers were measured: without it they say nothing.</summary>
/// <param name="Processor">Its name as the system tells it.</param>
/// <param name="Cpus">CPUs this process may use.</param>
/// <param name="System">Operating system and architecture.</param>
/// <param name="Runtime">.NET's version.</param>
internal sealed record Machine(string Processor, int Cpus, string System, string Runtime)
{
    private const string CpuInfo = "/proc/cpuinfo";
    private const string ModelName = "model name";

    /// <summary>This one.</summary>
    public static Machine Here() => new(
        ProcessorName(), Environment.ProcessorCount, $"{RuntimeInformation.OSDescription} {RuntimeInformation.OSArchitecture}", RuntimeInformation.FrameworkDescription);

    private static string ProcessorName()
    {
        var line = File.Exists(CpuInfo) ? File.ReadLines(CpuInfo).FirstOrDefault(l => l.StartsWith(ModelName, StringComparison.Ordinal)) : null;
        return line?[(line.IndexOf(':') + 1)..].Trim() ?? "unknown processor";
    }
}
