using System.ComponentModel.DataAnnotations;
using Cottention.Inference.Runners;

namespace Cottention.Inference.Engine;

/// <summary>Sizes of the engine. Everything is allocated at start from these.</summary>
public sealed class EngineOptions
{
    /// <summary>
    /// Tokens of all decoding sessions together, up to which drafts are added: a step of so few tokens takes little longer than
    /// one of a single token, since it reads the same weights.
    /// </summary>
    public const int DraftWindow = 8;

    /// <summary>Most generations in one step; each has a second slot in reserve for taking back a stop string. Default 32.</summary>
    [Range(1, 1024)]
    public int MaxRunning { get; set; } = 32;

    /// <summary>Generations that may wait for a place; past it a call is refused. Default 256.</summary>
    [Range(0, 100_000)]
    public int MaxQueued { get; set; } = 256;

    /// <summary>Sessions whose state stays in a slot between generations; at least <see cref="MaxRunning"/>. Default 64.</summary>
    [Range(1, 1_000_000)]
    public int SessionSlots { get; set; } = 64;

    /// <summary>Tokens one step may process, all rows together. Default 256.</summary>
    [Range(1, 65_536)]
    public int TokenBudget { get; set; } = 256;

    /// <summary>Most prompt tokens of one session in one step, and of all sessions in a step in which any of them decodes: a token waits that long. Default 64.</summary>
    [Range(1, 65_536)]
    public int PrefillChunk { get; set; } = 64;

    /// <summary>
    /// Most tokens that a session guesses from its own newest tokens and has verified in one row, while few sessions decode
    /// and as far as it pays by what steps of several tokens cost at start; 0 turns it off. The text is the same with and without. Default 7.
    /// </summary>
    [Range(0, DraftWindow - 1)]
    public int DraftTokens { get; set; } = DraftWindow - 1;

    /// <summary>
    /// Whether a step begins before the one before it has ended, on devices that can do so: their next token is ready sooner, and a
    /// newcomer waits for up to two steps instead of one. The text is the same with and without, wherever the runner gives a row the same
    /// bits in any company. Default true.
    /// </summary>
    public bool RunAhead { get; set; } = true;

    /// <summary>Token events that may wait for a slow reader; then its session pauses. Default 256.</summary>
    [Range(4, 65_536)]
    public int EventCapacity { get; set; } = 256;

    /// <summary>Time a reader that is too far behind may take nothing before its generation ends, in seconds. Default 60.</summary>
    [Range(1, 86_400)]
    public int ReaderTimeoutSeconds { get; set; } = 60;

    /// <summary>Most prompt tokens of one generation. Default 1,000,000.</summary>
    [Range(1, 100_000_000)]
    public int MaxPromptTokens { get; set; } = 1_000_000;

    /// <summary>Most bytes of a prompt in UTF-8. Default 4 MiB.</summary>
    [Range(1, 1 << 30)]
    public int MaxPromptBytes { get; set; } = 4 << 20;

    /// <summary>Most tokens a generation may ask for. Default 1,000,000.</summary>
    [Range(1, int.MaxValue)]
    public int MaxOutputTokens { get; set; } = 1_000_000;

    /// <summary>Slots the runner needs: the sessions' and one in reserve for each running generation.</summary>
    public int TotalSlots => SessionSlots + MaxRunning;

    /// <summary>Rows of logits the runner needs: one for each running generation, and those of drafts.</summary>
    public int TotalRows => MaxRunning + (DraftTokens > 0 ? DraftWindow - 1 : 0);

    /// <summary>Provisional rows the runner needs: a row with drafts has two tokens or more.</summary>
    public int ProvisionalRows => DraftTokens > 0 ? DraftWindow / 2 : 0;

    /// <summary>Tokens of a provisional row: the sampled one and its drafts.</summary>
    public int ProvisionalTokens => 1 + DraftTokens;

    /// <summary>Every rule that joins two sizes, and what the runner must offer; empty if all hold.</summary>
    /// <param name="runner">The runner; null before there is one.</param>
    public IEnumerable<string> Faults(IModelRunner? runner = null)
    {
        if (SessionSlots < MaxRunning)
            yield return $"SessionSlots is {SessionSlots}; allowed: MaxRunning ({MaxRunning}) or more";
        if (TokenBudget < MaxRunning)
            yield return $"TokenBudget is {TokenBudget}; allowed: MaxRunning ({MaxRunning}) or more";
        if (runner is null)
            yield break;
        if (runner.SlotCount < TotalSlots)
            yield return $"the runner has {runner.SlotCount} slots; {TotalSlots} are needed (SessionSlots + MaxRunning)";
        if (runner.MaxRows < TotalRows || runner.MaxTokens < TokenBudget)
            yield return $"the runner takes {runner.MaxRows} rows and {runner.MaxTokens} tokens a step; {TotalRows} and {TokenBudget} are needed";
        if (DraftTokens > 0 && (runner.MaxProvisionalRows < ProvisionalRows || runner.MaxProvisionalTokens < ProvisionalTokens))
            yield return $"the runner takes {runner.MaxProvisionalRows} provisional rows of {runner.MaxProvisionalTokens} tokens; "
                + $"{ProvisionalRows} of {ProvisionalTokens} are needed for {DraftTokens} DraftTokens";
    }

    internal void Check(IModelRunner runner)
    {
        var faults = Faults(runner).ToArray();
        if (faults.Length > 0)
            throw new ArgumentException(string.Join("; ", faults));
    }

    /// <summary>What steps cost, for drafts; measured at start where null. Set by tests.</summary>
    internal DraftCosts? DraftCosts { get; set; }

    /// <summary>Whether freed slots are filled with NaN, so that a forgotten clear shows. Set by tests.</summary>
    internal bool PoisonFreeSlots { get; set; }
}
