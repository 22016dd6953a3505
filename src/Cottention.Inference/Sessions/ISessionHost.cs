using Cottention.Inference.Engine;

namespace Cottention.Inference.Sessions;

/// <summary>
/// Serves sessions by id. Thread-safe. Every method raises <see cref="InferenceException"/>; ids must match
/// <see cref="SessionId.Pattern"/> or the call is refused with <see cref="InferenceError.InvalidArgument"/>.
/// Every implementation passes <c>SessionHostConformance</c>.
/// </summary>
public interface ISessionHost
{
    /// <summary>
    /// Runs one generation. The request is checked before any work; faults are raised from the first <c>MoveNextAsync</c>.
    /// Cancelling leaves the session at its previous version. Raises <see cref="InferenceError.SessionNotFound"/>,
    /// <see cref="InferenceError.SessionConflict"/> at once if another generation holds the session, <see cref="InferenceError.Overloaded"/>,
    /// <see cref="InferenceError.SessionModelMismatch"/>, <see cref="InferenceError.SessionCorrupt"/> and others.
    /// </summary>
    IAsyncEnumerable<TokenEvent> GenerateAsync(GenerationRequest request, CancellationToken cancellationToken);

    /// <summary>Creates an empty session and saves it.</summary>
    /// <param name="id">The id wanted; null for a random one. <see cref="InferenceError.SessionExists"/> if taken.</param>
    /// <param name="seed">Seed of the session's chance; null for a random one.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    Task<SessionInfo> CreateAsync(string? id, ulong? seed, CancellationToken cancellationToken);

    /// <summary>What is known of a session; <see cref="InferenceError.SessionNotFound"/> if nothing is.</summary>
    Task<SessionInfo> GetAsync(string id, CancellationToken cancellationToken);

    /// <summary>Lists sessions by id. Page size 1 to 1000.</summary>
    Task<SessionPage> ListAsync(int pageSize, string? pageToken, CancellationToken cancellationToken);

    /// <summary>Forgets a session, its slot and its snapshot. <see cref="InferenceError.SessionConflict"/> while a generation holds it.</summary>
    Task DeleteAsync(string id, CancellationToken cancellationToken);

    /// <summary>Copies a session's committed state, position and chance to a new session.</summary>
    Task<SessionInfo> ForkAsync(string id, string? newId, CancellationToken cancellationToken);

    /// <summary>How full the host is now.</summary>
    HostCapacity GetCapacity();
}
