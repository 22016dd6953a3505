using Cottention.Conformance;
using Cottention.Inference.Engine;
using Cottention.Inference.Runners;

namespace Cottention.Inference.Tests.Engine;

public sealed class SlotPoolTests
{
    private static readonly EngineOptions Sizes = new() { SessionSlots = 2, MaxRunning = 2, PoisonFreeSlots = true };
    private readonly NaiveModelRunner _runner = new(TestEngine.Golden, Sizes.TotalSlots);
    private readonly SlotPool _pool;
    private readonly List<Session> _parked = [];

    public SlotPoolTests() => _pool = new SlotPool(_runner, Sizes) { Parked = _parked.Add };

    [Fact]
    public void Take_FreshSlot_IsZeroed()
    {
        var session = NewSession(1);

        _pool.Take(session);

        Assert.All(StateOf(session.Slot), value => Assert.Equal(0, value));
    }

    [Fact]
    public void Release_UnderTest_IsPoisoned()
    {
        var session = NewSession(1);
        _pool.Take(session);
        var slot = session.Slot;

        _pool.Release(session);

        Assert.All(StateOf(slot), value => Assert.True(float.IsNaN(value)));
        Assert.Equal((-1, 0), (session.Slot, _pool.Resident));
    }

    [Fact]
    public void Take_AllSlotsHeld_ParksTheOneUsedLongestAgoThatDoesNotRun()
    {
        var running = NewSession(lastUsed: 1);
        running.HoldsSlot = true;
        var idle = NewSession(lastUsed: 9);
        _pool.Take(running);
        _pool.Take(idle);

        _pool.Take(NewSession(10));

        Assert.Equal([idle], _parked);
        Assert.Equal((-1, 2), (idle.Slot, _pool.Resident));
    }

    [Fact]
    public void Take_ADeadSessionHoldsASlot_ItGoesFirst()
    {
        var older = NewSession(lastUsed: 1);
        var dead = NewSession(lastUsed: 9);
        _pool.Take(older);
        _pool.Take(dead);
        dead.Discard();

        _pool.Take(NewSession(10));

        Assert.Equal([dead], _parked);
    }

    [Fact]
    public void Replace_ByTheReserve_FreesTheOldSlot()
    {
        var session = NewSession(1);
        _pool.Take(session);
        var (old, reserve) = (session.Slot, _pool.TakeReserve());

        _pool.Replace(session, reserve);

        Assert.Equal(reserve, session.Slot);
        Assert.True(float.IsNaN(StateOf(old)[0]));
        Assert.Equal(1, _pool.Resident);
    }

    private float[] StateOf(int slot)
    {
        var state = new float[_runner.StateLayout.ElementCount];
        _runner.ReadSlot(slot, state);
        return state;
    }

    private static Session NewSession(long lastUsed) => new("s", 4) { LastUsedStep = lastUsed };
}
