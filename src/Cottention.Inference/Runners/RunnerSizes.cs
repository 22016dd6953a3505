using System.ComponentModel.DataAnnotations;
using System.Runtime.CompilerServices;
using Cottention.Inference.Runners.Cpu;

namespace Cottention.Inference.Runners;

/// <summary>What every runner is made for. All memory that the sizes ask for is taken at construction.</summary>
public record RunnerSizes
{
    /// <summary>Most threads of a runner on processors.</summary>
    protected const int MostThreads = 1024;

    // The engine has up to a million sessions, and a second slot for each that runs.
    private const int MostSlots = 2_000_000;
    private const int MostRows = 4096;
    private const int MostTokens = 65_536;
    private const int MostProvisionalTokens = 64;

    /// <summary>Format of the weights in memory. Default: as exact as the checkpoint. A runner may not take all of them.</summary>
    public WeightFormat Weights { get; init; }

    /// <summary>States that fit in the arena. Default 64.</summary>
    [Range(1, MostSlots)]
    public int SlotCount { get; init; } = 64;

    /// <summary>Most rows of one plan, and most rows of its logits. Default 64.</summary>
    [Range(1, MostRows)]
    public int MaxRows { get; init; } = 64;

    /// <summary>Most tokens of one plan, all rows together; at least <see cref="MaxRows"/>. Default 512.</summary>
    [Range(1, MostTokens)]
    public int MaxTokens { get; init; } = 512;

    /// <summary>Most provisional rows of one plan. Default 0: none.</summary>
    [Range(0, MostRows)]
    public int MaxProvisionalRows { get; init; }

    /// <summary>Most tokens of a provisional row. Default 8.</summary>
    [Range(1, MostProvisionalTokens)]
    public int MaxProvisionalTokens { get; init; } = 8;

    /// <summary>Refuses what is out of range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A size is; the message has what is allowed.</exception>
    internal virtual void Check()
    {
        Require(SlotCount, 1, MostSlots);
        Require(MaxRows, 1, MostRows);
        Require(MaxTokens, MaxRows, MostTokens);
        Require(MaxProvisionalRows, 0, MostRows);
        Require(MaxProvisionalTokens, 1, MostProvisionalTokens);
    }

    /// <summary>Refuses a number that is out of range.</summary>
    private protected static void Require(int value, int least, int most, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (value < least || value > most)
            throw new ArgumentOutOfRangeException(name, value, $"allowed: {least} to {most}");
    }
}
