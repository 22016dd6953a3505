using Cottention.Inference.Sampling;
using Cottention.Inference.Tokenization;

namespace Cottention.Inference.Engine;

/// <summary>
/// A stream of tokens with one state. Every field has a fixed size: nothing here grows with the position.
/// While a generation holds the session, the step thread alone touches the fields; between generations, whoever acquired it.
/// </summary>
internal sealed class Session(string? id, int vocabularySize)
{
    private const int Idle = 0, Busy = 1, Dead = 2;
    private int _occupancy = Busy;
    private bool _holdsSlot;

    /// <summary>The id; null for a one-off.</summary>
    public string? Id { get; } = id;

    /// <summary>Committed version; 0 for a one-off.</summary>
    public long Version { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public string? ParentId { get; set; }

    /// <summary>Slot of the state, or -1.</summary>
    public int Slot { get; set; } = -1;

    /// <summary>Tokens the state has consumed.</summary>
    public long Position { get; set; }

    /// <summary>A token that was delivered but not consumed yet, or -1.</summary>
    public int PendingToken { get; set; } = -1;

    /// <summary>Whether <see cref="Logits"/> are those after the last token; then there is no pending token.</summary>
    public bool HasLogits { get; set; }

    /// <summary>[N] f32, raw.</summary>
    public float[] Logits { get; } = new float[vocabularySize];

    /// <summary>The session's chance.</summary>
    public RandomState Random { get; set; }

    /// <summary>The newest tokens, for the penalties.</summary>
    public TokenWindow Window { get; } = new();

    /// <summary>Guesses what comes next, if drafts are on; rebuilt after a resume.</summary>
    public DraftTable? Drafts { get; private set; }

    /// <summary>Holds the bytes of an unfinished code point.</summary>
    public TokenStreamDecoder Decoder { get; } = new();

    /// <summary>Whether the passing of the trained length has been logged.</summary>
    public bool PastTrainedLength { get; set; }

    /// <summary>Step at which the session was last used: the oldest is parked first.</summary>
    public long LastUsedStep { get; set; }

    /// <summary>Whether its generation is in the running set, or its state is being read; such a session is never parked.</summary>
    public bool HoldsSlot
    {
        get => Volatile.Read(ref _holdsSlot);
        set => Volatile.Write(ref _holdsSlot, value);
    }

    /// <summary>Tokens of the session, the pending one included.</summary>
    public long TokenCount => Position + (PendingToken >= 0 ? 1 : 0);

    public bool IsBusy => Volatile.Read(ref _occupancy) == Busy;

    /// <summary>A dead session object is never used again; the next user loads the stored session anew.</summary>
    public bool IsDead => Volatile.Read(ref _occupancy) == Dead;

    /// <summary>Has the session guess from now on; it knows the tokens of the window.</summary>
    public void BeginDrafts()
    {
        if (Drafts is not null)
            return;
        Drafts = new DraftTable();
        for (var age = Window.Count - 1; age >= 0; age--)
            Drafts.Add(Window[age]);
    }

    /// <summary>The session's next token, delivered or given.</summary>
    public void Remember(int token)
    {
        Window.Add(token);
        Drafts?.Add(token);
    }

    /// <summary>The session's next tokens, in order.</summary>
    public void Remember(ReadOnlySpan<int> tokens)
    {
        Window.Add(tokens);
        Drafts?.Add(tokens);
    }

    /// <summary>Takes an idle session for one generation.</summary>
    public bool TryAcquire() => Interlocked.CompareExchange(ref _occupancy, Busy, Idle) == Idle;

    /// <summary>Gives the session back, resident and committed.</summary>
    public void Release() => Interlocked.CompareExchange(ref _occupancy, Idle, Busy);

    /// <summary>Ends an idle session object: its committed state is in the store.</summary>
    public bool TryRetire() => Interlocked.CompareExchange(ref _occupancy, Dead, Idle) == Idle;

    /// <summary>Ends a busy session object and with it what was not committed.</summary>
    public void Discard() => Volatile.Write(ref _occupancy, Dead);
}
