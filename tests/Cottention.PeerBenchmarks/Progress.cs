using System.Globalization;

namespace Cottention.PeerBenchmarks;

/// <summary>Lines about what goes on, to standard error: standard output is the table's.</summary>
internal static class Progress
{
    public static void Line(FormattableString line) => Console.Error.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
