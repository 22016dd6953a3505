namespace Cottention.Inference.Runners.Cpu;

/// <summary>Says how far the loading of a model is: every 10 %, but not more often than every 2 s.</summary>
/// <param name="read">Reads the model's tensors; each value once.</param>
/// <param name="values">How many there are.</param>
/// <param name="say">Hears of percent done and seconds taken.</param>
/// <param name="time">The clock.</param>
internal sealed class LoadProgress(WeightRowReader read, long values, Action<int, double> say, TimeProvider time)
{
    private const int Percents = 100;
    private const int LeastPercents = 10;
    private static readonly TimeSpan LeastTime = TimeSpan.FromSeconds(2);

    private readonly long _start = time.GetTimestamp();
    private readonly Lock _saying = new();
    private long _done;
    private int _saidPercent;
    private TimeSpan _saidAt;

    /// <summary>Since it was made.</summary>
    public TimeSpan Elapsed => time.GetElapsedTime(_start);

    /// <summary>Reads, and says what is to be said. Any thread, several at once.</summary>
    public void Read(string tensor, int firstRow, int rowCount, Span<float> destination)
    {
        read(tensor, firstRow, rowCount, destination);
        var percent = (int)(Interlocked.Add(ref _done, destination.Length) * Percents / values);
        if (percent < Volatile.Read(ref _saidPercent) + LeastPercents || percent >= Percents)
            return;
        lock (_saying)
        {
            var elapsed = Elapsed;
            if (percent < _saidPercent + LeastPercents || elapsed < _saidAt + LeastTime)
                return;
            say(percent, elapsed.TotalSeconds);
            (_saidPercent, _saidAt) = (percent, elapsed);
        }
    }
}
