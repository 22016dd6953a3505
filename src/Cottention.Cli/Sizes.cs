using System.Globalization;

namespace Cottention.Cli;

/// <summary>Bytes for people.</summary>
internal static class Sizes
{
    private const long KiB = 1L << 10;
    private const long MiB = 1L << 20;

    /// <summary>For example <c>512 KiB</c> or <c>5.00 MiB</c>.</summary>
    public static string Text(long bytes) => bytes switch
    {
        < KiB => string.Create(CultureInfo.InvariantCulture, $"{bytes} B"),
        < MiB => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)KiB:0.#} KiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)MiB:0.00} MiB"),
    };
}
