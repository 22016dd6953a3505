namespace Cottention.Inference.Sessions;

/// <summary>What is known of a session without its state.</summary>
/// <param name="Id">The session's id.</param>
/// <param name="Position">Tokens of the session so far.</param>
/// <param name="Version">Commits so far: 1 after creation, one more after each committed generation.</param>
/// <param name="Resident">Whether the state is in a slot; otherwise it is parked in the store.</param>
/// <param name="Busy">Whether a generation holds the session now.</param>
/// <param name="StateBytes">Bytes of the state: the same at every position.</param>
/// <param name="CreatedAt">Time of creation.</param>
/// <param name="UpdatedAt">Time of the last commit.</param>
/// <param name="ParentId">The session it was forked from, if it was.</param>
public sealed record SessionInfo(
    string Id,
    long Position,
    long Version,
    bool Resident,
    bool Busy,
    long StateBytes,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    string? ParentId);

/// <summary>A part of the list of sessions, in the order of their ids.</summary>
/// <param name="Sessions">At most the page size asked for.</param>
/// <param name="NextPageToken">Where the next page starts; null after the last.</param>
public sealed record SessionPage(IReadOnlyList<SessionInfo> Sessions, string? NextPageToken);

/// <summary>How full the host is.</summary>
/// <param name="SlotCount">Sessions that can be resident at once.</param>
/// <param name="ResidentSessions">Sessions in slots now, one-off generations included.</param>
/// <param name="RunningGenerations">Generations in the running set.</param>
/// <param name="MaxRunningGenerations">Most generations in the running set.</param>
/// <param name="QueuedGenerations">Generations that wait for a place.</param>
/// <param name="MaxQueuedGenerations">Places in the queue; past it a call is refused.</param>
/// <param name="StateBytesPerSession">Bytes of one state.</param>
public sealed record HostCapacity(
    int SlotCount,
    int ResidentSessions,
    int RunningGenerations,
    int MaxRunningGenerations,
    int QueuedGenerations,
    int MaxQueuedGenerations,
    long StateBytesPerSession);
