using System.Runtime.InteropServices;
using Cottention.Inference.Model;
using Cottention.Inference.Runners;
using Cottention.Inference.Sampling;
using Cottention.Inference.Tokenization;

namespace Cottention.Inference.Engine;

/// <summary>One <c>Generate</c> call while it is in the engine. Made by the caller, then touched by the step thread alone, but for the queue and <see cref="Cancel"/>.</summary>
internal sealed class Generation
{
    private readonly int[] _next;
    private readonly DraftPace? _pace;
    private readonly IReadOnlyList<string> _stop;
    private readonly StopMatcher? _matcher;
    private int[] _input;
    private int _inputCount;
    private int _consumed;
    private volatile bool _cancelRequested;

    /// <param name="session">Acquired by the caller.</param>
    /// <param name="request">Checked.</param>
    /// <param name="prompt">Tokens to consume.</param>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="eventCapacity">Events that may wait for the reader.</param>
    /// <param name="drained">Called when the reader makes room.</param>
    /// <param name="draftTokens">Most tokens to draft at once.</param>
    /// <param name="draftCosts">What steps cost; not null where tokens are drafted.</param>
    public Generation(
        Session session, GenerationRequest request, int[] prompt, TextTokenizer tokenizer, int eventCapacity, Action? drained,
        int draftTokens = 0, DraftCosts? draftCosts = null)
    {
        Session = session;
        Settings = new SamplerSettings(request.Sampling);
        MaxTokens = request.MaxTokens;
        MinTokens = request.MinTokens;
        PromptTokens = prompt.Length;
        StopTokens = [.. request.StopTokenIds.Concat(request.IgnoreEos || tokenizer.EosTokenId is not { } eos ? [] : [eos]).Distinct()];
        CachedPosition = session.TokenCount;
        _stop = request.Stop;
        _matcher = request.Stop.Count > 0 ? new StopMatcher(request.Stop) : null;
        TopPerItem = Settings.Logprobs ?? 0;
        var capacity = eventCapacity + (_matcher is null ? 0 : HeldTokens.MaxHeld);
        Queue = new TokenEventQueue(capacity, TokenOutput.QueueTextBytes(tokenizer, capacity), TopPerItem) { Drained = drained };
        Output = new TokenOutput(tokenizer, session.Decoder, _matcher, Queue, TopPerItem);
        _input = session.PendingToken >= 0 ? [session.PendingToken, .. prompt] : prompt;
        _inputCount = _input.Length;
        _next = new int[1 + draftTokens];
        if (draftTokens == 0 || draftCosts is null)
            return;
        _pace = new DraftPace(draftCosts);
        session.BeginDrafts();
    }

    public Session Session { get; }

    public SamplerSettings Settings { get; }

    public TokenEventQueue Queue { get; }

    public TokenOutput Output { get; }

    /// <summary>The stop string that is complete, if one is.</summary>
    public string? MatchedStop => _matcher is { MatchedStop: >= 0 } ? _stop[_matcher.MatchedStop] : null;

    public int MaxTokens { get; }

    public int MinTokens { get; }

    public int PromptTokens { get; }

    /// <summary>Tokens that end the generation.</summary>
    public int[] StopTokens { get; }

    /// <summary>Most probable tokens reported with each event.</summary>
    public int TopPerItem { get; }

    /// <summary>Tokens of the session before this generation.</summary>
    public long CachedPosition { get; }

    /// <summary>Bytes with room for the state from <see cref="StateOffset"/>: what is imported on entry, and exported at the end. Null for a one-off.</summary>
    public byte[]? StateBuffer { get; set; }

    public int StateOffset { get; init; }

    /// <summary>Whether <see cref="StateBuffer"/> holds the session's state on entry.</summary>
    public bool HasImport { get; set; }

    /// <summary>Input the state has not consumed: prompt, then one sampled token at a time.</summary>
    public ReadOnlySpan<int> RemainingInput => _input.AsSpan(_consumed, _inputCount - _consumed);

    /// <summary>Whether it is in the running set.</summary>
    public bool IsRunning { get; set; }

    /// <summary>Row of logits of a step under way that its next token will come from, or -1.</summary>
    public int AwaitedRow { get; set; } = -1;

    /// <summary>
    /// Whether the runner draws that token, and the step after it can go on from it. Not where guesses are verified: any provisional row
    /// that begins before they are committed has them forgotten.
    /// </summary>
    public bool IsDrawAwaited { get; private set; }

    /// <summary>Its row of the step that began before that token is known, or -1.</summary>
    public int AheadRow { get; set; } = -1;

    /// <summary>Whether tokens are being sampled already.</summary>
    public bool IsDecoding => OutputTokens > 0 || AwaitedRow >= 0;

    /// <summary>Whether the token that is awaited is the last one.</summary>
    public bool IsAwaitingLast => AwaitedRow >= 0 && OutputTokens + 1 >= MaxTokens;

    /// <summary>Whether the reader is too far behind.</summary>
    public bool IsBlocked => !Output.HasRoom;

    public int OutputTokens { get; set; }

    /// <summary>Slot with the state from before the first token that is kept back, or -1.</summary>
    public int ReserveSlot { get; set; } = -1;

    public long ReservePosition { get; set; }

    /// <summary>The window that belongs to the reserve.</summary>
    public TokenWindow ReserveWindow { get; } = new();

    /// <summary>Timestamps of <see cref="TimeProvider"/>; 0 means not yet.</summary>
    public long SubmittedAt { get; set; }

    public long StartedAt { get; set; }

    public long FirstTokenAt { get; set; }

    /// <summary>Since when the reader has been too far behind.</summary>
    public long BlockedAt { get; set; }

    /// <summary>Ends when the step thread has let go.</summary>
    public TaskCompletionSource<GenerationOutcome> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool IsCancelRequested => _cancelRequested;

    /// <summary>Asks the step thread to let go. Any thread.</summary>
    public void Cancel() => _cancelRequested = true;

    /// <summary>The part of <see cref="StateBuffer"/> that holds a state, [L, H, V, K] f32. Not for a one-off.</summary>
    public Span<float> StateIn(StateLayout layout) => MemoryMarshal.Cast<byte, float>(StateBuffer.AsSpan(StateOffset, (int)layout.Bytes));

    /// <summary>Tokens that must not be sampled as the generation's output of that number, from 0: what would end it before min_tokens.</summary>
    public ReadOnlySpan<int> SuppressedAt(int index) => index < MinTokens ? StopTokens : [];

    /// <summary>The session's state consumes the next tokens of the input.</summary>
    public void Consume(int count)
    {
        Session.Position += count;
        Session.HasLogits = false;
        Session.PendingToken = -1;
        _consumed += count;
    }

    /// <summary>One of its rows is under way.</summary>
    public void RowBegun(StepPlan plan, int number)
    {
        ref readonly var row = ref plan.Rows[number];
        if (row.IsAhead)
        {
            AheadRow = number;
            return;
        }
        if (!row.IsProvisional)
            Consume(row.TokenCount);
        if (row.LogitsCount > 0)
            Await(plan, row);
    }

    /// <summary>Its row that ran ahead consumes what is now its input.</summary>
    public void ConsumeAhead(StepPlan plan, int number)
    {
        Consume(1);
        Await(plan, plan.Rows[number]);
    }

    /// <summary>Makes a sampled token the input.</summary>
    public void SetNext(int token)
    {
        _next[0] = token;
        _input = _next;
        _inputCount = 1;
        _consumed = 0;
    }

    /// <summary>The sampled token, which is the input, and guesses of what follows it: none past the generation's last token.</summary>
    /// <param name="rows">Sessions that decode in this step.</param>
    /// <param name="mostDrafts">Most guesses.</param>
    public ReadOnlySpan<int> InputAndDrafts(int rows, int mostDrafts)
    {
        var most = Math.Min(Math.Min(mostDrafts, _next.Length - 1), MaxTokens - OutputTokens - 1);
        var count = CountDrafts(rows, most, out var distance);
        if (count > 0)
            Session.Drafts!.Copy(distance, _next.AsSpan(1, count)); // not null: there are guesses
        return _next.AsSpan(0, 1 + count);
    }

    /// <summary>
    /// Whether to wait for the token that is awaited before the generation's next row is planned: the token must be seen, or guesses of
    /// what follows it are likely.
    /// </summary>
    /// <param name="rows">Sessions that decode.</param>
    /// <param name="mostDrafts">Most guesses.</param>
    public bool IsHeldUp(int rows, int mostDrafts)
    {
        var most = Math.Min(Math.Min(mostDrafts, _next.Length - 1), MaxTokens - OutputTokens - 2);
        return AwaitedRow >= 0 && !IsAwaitingLast && (!IsDrawAwaited || CountDrafts(rows, most, out _) > 0);
    }

    /// <summary>Hears how its drafts did.</summary>
    public void Verified(int drafted, int accepted) => _pace?.Verified(drafted, accepted);

    private int CountDrafts(int rows, int most, out int distance)
    {
        distance = 0;
        if (_pace is null || most <= 0 || Session.Drafts is not { } table || table.Find(out distance) is var match && match == 0)
            return 0;
        return _pace.Length(match, rows, most);
    }

    private void Await(StepPlan plan, in PlanRow row)
    {
        AwaitedRow = row.LogitsIndex;
        IsDrawAwaited = row.LogitsCount == 1 && plan.HasDraws && plan.Draws[row.LogitsIndex].IsWanted;
    }
}
