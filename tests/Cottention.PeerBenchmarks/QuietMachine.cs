using System.Diagnostics;
using System.Globalization;

namespace Cottention.PeerBenchmarks;

/// <summary>
/// Watches the CPU time of the whole machine (Linux, /proc/stat), which is counted in ticks of 10 ms. Shares are of one CPU:
/// two CPUs at work are 2. Time stolen by the host of a virtual machine counts as other work.
/// </summary>
internal sealed class QuietMachine
{
    /// <summary>A machine is quiet below this share of one CPU.</summary>
    public const double Limit = 0.05;

    private const string Source = "/proc/stat";
    private const double TicksPerSecond = 100;
    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(600);

    private readonly TimeSpan _patience;

    /// <param name="patience">How long to wait for quiet before going on without it.</param>
    public QuietMachine(TimeSpan patience) => _patience = patience;

    /// <summary>Whether this machine can be watched.</summary>
    public static bool CanWatch => File.Exists(Source);

    /// <summary>
    /// Waits until nothing runs, this process included: the threads of the side before must sleep too.
    /// </summary>
    /// <returns>Whether it became quiet.</returns>
    public bool Wait()
    {
        var start = Stopwatch.GetTimestamp();
        double busy;
        do
        {
            var before = Stamp.Now();
            Task.Delay(Window).Wait();
            busy = Stamp.Now().BusySince(before);
        }
        while (busy >= Limit && Stopwatch.GetElapsedTime(start) < _patience);
        return busy < Limit;
    }

    /// <summary>Runs the work and adds what share of one CPU others used meanwhile; 0 where that cannot be seen.</summary>
    public static (T Result, double Others) Watch<T>(Func<T> work)
    {
        var before = Stamp.Now();
        var result = work();
        return (result, Stamp.Now().OthersSince(before));
    }

    private readonly record struct Stamp(long Time, double Busy, double Own)
    {
        public static Stamp Now()
        {
            using var process = Process.GetCurrentProcess();
            return new(Stopwatch.GetTimestamp(), BusySeconds(), process.TotalProcessorTime.TotalSeconds);
        }

        public double BusySince(Stamp before) => (Busy - before.Busy) / Stopwatch.GetElapsedTime(before.Time, Time).TotalSeconds;

        public double OthersSince(Stamp before) =>
            Math.Max(0, (Busy - before.Busy - (Own - before.Own)) / Stopwatch.GetElapsedTime(before.Time, Time).TotalSeconds);

        // cpu user nice system idle iowait irq softirq steal ...; what guests use is in user already.
        private static double BusySeconds()
        {
            if (!CanWatch)
                return 0;
            var ticks = File.ReadLines(Source).First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8)
                .Select(field => double.Parse(field, CultureInfo.InvariantCulture)).ToArray();
            return (ticks.Sum() - ticks[3] - ticks[4]) / TicksPerSecond;
        }
    }
}
