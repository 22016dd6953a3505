using System.Globalization;

namespace Cottention.Training.Measurement;

/// <summary>Memory of this process as the kernel counts it.</summary>
/// <param name="Resident">Bytes in physical memory now.</param>
/// <param name="Peak">Most there ever were.</param>
internal readonly record struct ProcessMemory(long Resident, long Peak)
{
    private const string StatusFile = "/proc/self/status";
    private const string ClearFile = "/proc/self/clear_refs";

    /// <summary>Reads it.</summary>
    /// <exception cref="PlatformNotSupportedException">This system has no <c>/proc/self/status</c>.</exception>
    public static ProcessMemory Read()
    {
        if (!File.Exists(StatusFile))
            throw new PlatformNotSupportedException($"Memory is measured through {StatusFile}, which this system does not have.");
        var fields = File.ReadLines(StatusFile).Select(line => line.Split(':', 2)).ToDictionary(parts => parts[0], parts => parts[1]);
        return new ProcessMemory(Bytes(fields["VmRSS"]), Bytes(fields["VmHWM"]));
    }

    /// <summary>Lets the peak begin anew at what is resident now. Without it the peak of the start would hide small ones.</summary>
    public static void ForgetPeak()
    {
        // proc(5): 5 resets VmHWM.
        if (File.Exists(ClearFile))
            File.WriteAllText(ClearFile, "5");
    }

    // "  123456 kB"
    private static long Bytes(string text) => 1024 * long.Parse(text.AsSpan(0, text.Length - "kB".Length).Trim(), NumberStyles.None, CultureInfo.InvariantCulture);
}
