using Cottention.Inference.Model;

namespace Cottention.Inference.Runners;

/// <summary>
/// A model on a device with its slots. Slots hold one state each and are updated in place.
/// After construction every member but <see cref="EndReadSlot"/> is called by one thread at a time (the engine's step thread), and none
/// allocates. Whatever a call does to a slot is seen by the calls after it, also where a device does it later.
/// An <see cref="InferenceException"/> with <see cref="InferenceError.Unavailable"/> from any member means that the device is lost:
/// nothing but Dispose works any more. After any other exception the runner goes on.
/// Every implementation passes <c>ModelRunnerConformance</c>.
/// </summary>
public interface IModelRunner : IDisposable
{
    /// <summary>Where the arithmetic runs: <c>cpu</c>, <c>cuda:0</c>.</summary>
    string Device { get; }

    /// <summary>One line for the log: kernels, weight format, threads.</summary>
    string Description { get; }

    /// <summary>Shape of the state in a slot.</summary>
    StateLayout StateLayout { get; }

    /// <summary>N, width of a row of logits.</summary>
    int VocabularySize { get; }

    /// <summary>Number of slots in the arena.</summary>
    int SlotCount { get; }

    /// <summary>Most rows of one plan, and most rows of logits of one plan.</summary>
    int MaxRows { get; }

    /// <summary>Most tokens of one plan, all rows together.</summary>
    int MaxTokens { get; }

    /// <summary>Most provisional rows of one plan; 0 where the runner takes none.</summary>
    int MaxProvisionalRows { get; }

    /// <summary>Most tokens of a provisional row.</summary>
    int MaxProvisionalTokens { get; }

    /// <summary>Whether <see cref="Drawn"/> answers at all; only then does the engine fill in the plan's draws.</summary>
    bool DrawsTokens { get; }

    /// <summary>
    /// Whether a step may begin before the one before it has ended, with rows that go on from a token which that one is still to draw
    /// (<see cref="StepPlan.AddAhead"/>). Then two steps may be under way, otherwise one.
    /// </summary>
    bool RunsAhead { get; }

    /// <summary>
    /// Begins a step, which consumes the plan's tokens: each row's state moves on by the row's tokens, in place. The plan is not needed
    /// afterwards. A plan that wants logits is under way until <see cref="End"/>; one that wants none has nothing to end.
    /// The result of a row does not depend on the other rows, nor on how its tokens are split over plans: same bits.
    /// A provisional row gives the same logits but leaves the state where it is: see <see cref="Commit"/>.
    /// </summary>
    /// <param name="plan">Rows with distinct slots; token ids within the vocabulary.</param>
    /// <exception cref="ArgumentException">The plan does not fit the runner; nothing has changed.</exception>
    /// <exception cref="InvalidOperationException">As many steps are under way as may be.</exception>
    void Begin(StepPlan plan);

    /// <summary>Waits for the oldest step under way: its logits and drawn tokens can be read now.</summary>
    /// <exception cref="InvalidOperationException">None is.</exception>
    void End();

    /// <summary>
    /// A row of logits, [N] f32, of the step that ended last. Good until the next step ends, and until another that wants logits begins:
    /// where the runner <see cref="RunsAhead"/>, a second other. Where logits lie on a device the row is fetched when it is first asked for.
    /// </summary>
    /// <param name="index">0 to <see cref="StepPlan.LogitsCount"/> - 1 of that step's plan.</param>
    /// <exception cref="ArgumentOutOfRangeException">The plan wanted no such row.</exception>
    ReadOnlySpan<float> Logits(int index);

    /// <summary>
    /// The token drawn from a row of logits as the plan's <see cref="StepPlan.Draws"/> asked, or -1: none was asked for, or the runner
    /// cannot be certain that the exact sampler would draw the same from <see cref="Logits"/>. Always -1 where
    /// <see cref="DrawsTokens"/> is false.
    /// </summary>
    /// <param name="index">As in <see cref="Logits"/>.</param>
    int Drawn(int index);

    /// <summary>
    /// Has a slot's state consume the next tokens of its last, provisional row: the same bits as if they alone had been run.
    /// Tokens that are not committed are forgotten when the slot is run, filled, written or copied to, and by the next plan
    /// that has a provisional row. A row that runs ahead may be committed while its step is under way.
    /// </summary>
    /// <param name="slot">Slot of the row.</param>
    /// <param name="count">0 to the tokens of the row that are not committed yet.</param>
    void Commit(int slot, int count);

    /// <summary>Sets every value of a slot: 0 for a new state, NaN to poison it under test.</summary>
    void FillSlot(int slot, float value);

    /// <summary>Copies one slot's state over another's.</summary>
    void CopySlot(int source, int destination);

    /// <summary>Begins to export a slot, beside the steps. The slot is left alone until <see cref="EndReadSlot"/>.</summary>
    /// <returns>The number to end it by, or -1 where as many reads are under way as the runner takes: end one first.</returns>
    int BeginReadSlot(int slot);

    /// <summary>Waits for a state and writes it to <paramref name="state"/>, [L, H, V, K] f32. On any thread, while other members run.</summary>
    /// <param name="read">What <see cref="BeginReadSlot"/> gave, which is used up.</param>
    /// <param name="state">Room for a state.</param>
    void EndReadSlot(int read, Span<float> state);

    /// <summary>Imports a slot. <paramref name="state"/> is [L, H, V, K] f32.</summary>
    void WriteSlot(int slot, ReadOnlySpan<float> state);
}
