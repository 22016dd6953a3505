using System.Diagnostics;
using Cottention.Inference.Runners;

namespace Cottention.Inference.Engine;

/// <summary>
/// Numbers of the runner's slots: those of sessions, and a reserve of one for each running generation.
/// Used by the step thread only. Slots are zeroed when taken.
/// </summary>
internal sealed class SlotPool
{
    private readonly IModelRunner _runner;
    private readonly bool _poison;
    private readonly Session?[] _owners;
    private readonly Stack<int> _free;

    public SlotPool(IModelRunner runner, EngineOptions options)
    {
        _runner = runner;
        _poison = options.PoisonFreeSlots;
        _owners = new Session?[options.TotalSlots];
        _free = new Stack<int>(options.TotalSlots);
        SessionSlots = options.SessionSlots;
        for (var slot = options.TotalSlots - 1; slot >= 0; slot--)
            Put(slot);
    }

    /// <summary>Most sessions that hold a slot at once.</summary>
    public int SessionSlots { get; }

    /// <summary>Sessions that hold a slot.</summary>
    public int Resident { get; private set; }

    /// <summary>Called with each session that loses its slot; its committed state is in the store.</summary>
    public Action<Session>? Parked { get; set; }

    /// <summary>Gives a session a zeroed slot, parking the session that was used longest ago if need be.</summary>
    public void Take(Session session)
    {
        if (Resident == SessionSlots)
            ParkOldest();
        var slot = TakeReserve();
        _owners[slot] = session;
        session.Slot = slot;
        Resident++;
        _runner.FillSlot(slot, 0);
    }

    /// <summary>Frees a session's slot.</summary>
    public void Release(Session session)
    {
        if (session.Slot < 0)
            return;
        _owners[session.Slot] = null;
        Put(session.Slot);
        session.Slot = -1;
        Resident--;
    }

    /// <summary>Frees the slots of dead session objects.</summary>
    public void ReleaseDead()
    {
        foreach (var owner in _owners)
            if (owner is { IsDead: true, HoldsSlot: false })
                Release(owner);
    }

    /// <summary>A slot whose contents the caller overwrites at once.</summary>
    public int TakeReserve()
    {
        // Sessions never hold more than SessionSlots, so the reserve of MaxRunning is never empty.
        Debug.Assert(_free.Count > 0, "the reserve is empty");
        return _free.Pop();
    }

    /// <summary>Lends a slot of the reserve.</summary>
    public T WithReserve<T>(Func<int, T> use)
    {
        var slot = TakeReserve();
        var result = use(slot);
        ReleaseReserve(slot);
        return result;
    }

    /// <summary>Frees a slot of the reserve.</summary>
    public void ReleaseReserve(int slot) => Put(slot);

    /// <summary>Makes a slot of the reserve the session's, and frees the session's old one.</summary>
    public void Replace(Session session, int reserve)
    {
        _owners[session.Slot] = null;
        Put(session.Slot);
        _owners[reserve] = session;
        session.Slot = reserve;
    }

    private void ParkOldest()
    {
        // Generations that run or are being read hold at most MaxRunning <= SessionSlots sessions, and the one to be admitted has no slot yet.
        Session? oldest = null;
        foreach (var owner in _owners)
            if (owner is { HoldsSlot: false } && (oldest is null || owner.IsDead || (!oldest.IsDead && owner.LastUsedStep < oldest.LastUsedStep)))
                oldest = owner;
        if (oldest is null)
            throw new InvalidOperationException("Every slot is held by a session in use.");
        Release(oldest);
        Parked?.Invoke(oldest);
    }

    private void Put(int slot)
    {
        if (_poison)
            _runner.FillSlot(slot, float.NaN);
        _free.Push(slot);
    }
}
