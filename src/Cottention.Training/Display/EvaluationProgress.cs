using System.Globalization;

namespace Cottention.Training.Display;

/// <summary>Tells on standard error, every ten seconds, how far one piece of work has come.</summary>
/// <param name="what">The piece of work.</param>
/// <param name="total">Tokens that will be read in all.</param>
/// <param name="output">Takes the lines.</param>
/// <param name="time">The clock.</param>
internal sealed class EvaluationProgress(string what, long total, TextWriter output, TimeProvider time)
{
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(10);

    private readonly long _start = time.GetTimestamp();
    private TimeSpan _lastLine;

    /// <summary>Tokens read.</summary>
    public long Read { get; private set; }

    /// <summary>Time since the start.</summary>
    public TimeSpan Elapsed => time.GetElapsedTime(_start);

    /// <summary>Takes in that some more tokens were read.</summary>
    public void Add(int tokens)
    {
        Read += tokens;
        var elapsed = Elapsed;
        if (elapsed - _lastLine < LineInterval)
            return;
        _lastLine = elapsed;
        var speed = Read / elapsed.TotalSeconds;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{what}: {Read:N0} of {total:N0} tokens, {speed:N0} tokens/s, {TimeSpan.FromSeconds((total - Read) / speed):hh\\:mm\\:ss} left"));
    }
}
