using System.Globalization;
using Cottention.PeerBenchmarks.Gguf;

namespace Cottention.PeerBenchmarks;

/// <summary>Whether a pair fits: what does not would swap, or end this program and others.</summary>
internal static class MemoryNeed
{
    // Layers, keys and values, width, bytes of a float16.
    private const long CacheBytesPerToken = 20L * 2 * 1024 * 2;

    // F32 weights and embedding on both sides, the buffer of the raw read, both sides' work space.
    private const long OtherBytes = 4_000_000_000;

    /// <summary>A bound on both sides' memory together. A deep cache exists twice while it is built.</summary>
    public static long Bytes(Work work)
    {
        var sequence = work.Layout == PeerLayout.Phi2 ? (work.Position + work.TokensPerRow) * CacheBytesPerToken : 0;
        return OtherBytes + ((work.Rows + 1) * sequence);
    }

    /// <summary>Memory that can be had without swapping.</summary>
    public static long AvailableBytes()
    {
        const string Source = "/proc/meminfo", Field = "MemAvailable:";
        var line = File.Exists(Source) ? File.ReadLines(Source).FirstOrDefault(line => line.StartsWith(Field, StringComparison.Ordinal)) : null;
        return line is null
            ? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes
            : long.Parse(line[Field.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture) * 1024;
    }
}
