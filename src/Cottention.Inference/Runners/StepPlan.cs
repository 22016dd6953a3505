using System.Diagnostics;

namespace Cottention.Inference.Runners;

/// <summary>The rows chosen for one step. Allocated once, filled by the scheduler, read by the runner.</summary>
public sealed class StepPlan
{
    private readonly PlanRow[] _rows;
    private readonly int[] _tokens;

    // At most one row of logits a token.
    private readonly RowDraw[] _draws;

    /// <summary>A plan for at most <paramref name="maxRows"/> rows and <paramref name="maxTokens"/> tokens, all rows together.</summary>
    public StepPlan(int maxRows, int maxTokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxRows);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxTokens, maxRows);
        _rows = new PlanRow[maxRows];
        _tokens = new int[maxTokens];
        _draws = new RowDraw[maxTokens];
    }

    /// <summary>Most rows of a step.</summary>
    public int MaxRows => _rows.Length;

    /// <summary>Token budget of a step.</summary>
    public int MaxTokens => _tokens.Length;

    /// <summary>Rows planned.</summary>
    public int RowCount { get; private set; }

    /// <summary>Tokens planned, all rows together.</summary>
    public int TokenCount { get; private set; }

    /// <summary>Rows of logits that the planned rows want, together.</summary>
    public int LogitsCount { get; private set; }

    /// <summary>The planned rows.</summary>
    public ReadOnlySpan<PlanRow> Rows => _rows.AsSpan(0, RowCount);

    /// <summary>The planned tokens, row after row; below 0 only in rows that run ahead.</summary>
    public ReadOnlySpan<int> Tokens => _tokens.AsSpan(0, TokenCount);

    /// <summary>How a token is to be drawn from each row of logits, for runners that draw; <c>default</c> where none is.</summary>
    public ReadOnlySpan<RowDraw> Draws => _draws.AsSpan(0, LogitsCount);

    /// <summary>Whether any of <see cref="Draws"/> is wanted.</summary>
    public bool HasDraws { get; private set; }

    /// <summary>The tokens of one row.</summary>
    public ReadOnlySpan<int> TokensOf(in PlanRow row) => _tokens.AsSpan(row.TokenStart, row.TokenCount);

    /// <summary>Empties the plan.</summary>
    public void Clear() => (RowCount, TokenCount, LogitsCount, HasDraws) = (0, 0, 0, false);

    /// <summary>Adds a row and returns its index of the logits, or -1 where none are wanted.</summary>
    public int Add(int slot, long position, ReadOnlySpan<int> tokens, bool wantsLogits) =>
        Add(slot, position, tokens, wantsLogits ? 1 : 0);

    /// <summary>
    /// Adds a row that wants logits after each of its last tokens; returns the index of the first, or -1 where none are wanted.
    /// The tokens of a provisional row are consumed by <see cref="IModelRunner.Commit"/> only.
    /// </summary>
    public int Add(int slot, long position, ReadOnlySpan<int> tokens, int logitsCount, bool provisional = false) =>
        Add(slot, position, tokens, logitsCount, provisional, isAhead: false);

    /// <summary>
    /// Adds a provisional row whose one token is that which the step begun before draws from a row of its logits, for runners that run
    /// ahead; it wants logits. Where that draw is not certain, what the row gives means nothing and it must not be committed.
    /// </summary>
    /// <param name="slot">Slot whose state consumes the token.</param>
    /// <param name="position">Tokens the state will have consumed before it.</param>
    /// <param name="drawnFrom">Row of logits of the step begun before, which wanted a draw from it. In <see cref="Tokens"/> the token is its complement, ~drawnFrom.</param>
    /// <returns>The index of the logits.</returns>
    public int AddAhead(int slot, long position, int drawnFrom)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(drawnFrom);
        return Add(slot, position, [~drawnFrom], logitsCount: 1, provisional: true, isAhead: true);
    }

    /// <summary>Wants a token drawn from a row of logits.</summary>
    /// <param name="logitsIndex">0 to <see cref="LogitsCount"/> - 1.</param>
    /// <param name="draw">How.</param>
    public void Draw(int logitsIndex, in RowDraw draw)
    {
        Debug.Assert(draw.IsWanted && (uint)logitsIndex < (uint)LogitsCount, "no such draw or row of logits");
        _draws[logitsIndex] = draw;
        HasDraws = true;
    }

    private int Add(int slot, long position, ReadOnlySpan<int> tokens, int logitsCount, bool provisional, bool isAhead)
    {
        Debug.Assert(tokens.Length > 0 && RowCount < MaxRows && TokenCount + tokens.Length <= MaxTokens, "plan is full");
        Debug.Assert(logitsCount >= 0 && logitsCount <= tokens.Length, "more rows of logits than tokens");
        var logitsIndex = logitsCount > 0 ? LogitsCount : -1;
        tokens.CopyTo(_tokens.AsSpan(TokenCount));
        _rows[RowCount++] = new PlanRow(slot, position, TokenCount, tokens.Length, logitsIndex, logitsCount, provisional, isAhead);
        _draws.AsSpan(LogitsCount, logitsCount).Clear();
        TokenCount += tokens.Length;
        LogitsCount += logitsCount;
        return logitsIndex;
    }
}
