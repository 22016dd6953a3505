namespace Cottention.Inference.Sessions;

/// <summary>
/// Durable home of snapshots. Thread-safe; one process at a time owns a store's place unless an implementation says more.
/// A snapshot is either the old or the new one after any crash, never a mixture. Faults are <see cref="InferenceException"/>s.
/// Every implementation passes <c>SessionStoreConformance</c>.
/// </summary>
public interface ISessionStore
{
    /// <summary>The whole snapshot, checked; null if there is none. Raises <see cref="InferenceError.SessionCorrupt"/>, <see cref="InferenceError.StoreFailed"/>.</summary>
    Task<byte[]?> LoadAsync(string id, CancellationToken cancellationToken);

    /// <summary>The header alone, checked; null if there is no such session.</summary>
    Task<SnapshotHeader?> LoadHeaderAsync(string id, CancellationToken cancellationToken);

    /// <summary>
    /// Writes a sealed snapshot if the stored version is <paramref name="expectedVersion"/>; durable when the task ends.
    /// Raises <see cref="InferenceError.SessionExists"/> (0 expected, one found), <see cref="InferenceError.SessionNotFound"/>
    /// (one expected, none found), <see cref="InferenceError.SessionConflict"/> (another version), <see cref="InferenceError.StoreFailed"/>.
    /// </summary>
    /// <param name="id">The session's id.</param>
    /// <param name="snapshot">Sealed bytes.</param>
    /// <param name="expectedVersion">Version that is replaced; 0 for a new session.</param>
    /// <param name="cancellationToken">Gives up before the write begins.</param>
    Task SaveAsync(string id, ReadOnlyMemory<byte> snapshot, long expectedVersion, CancellationToken cancellationToken);

    /// <summary>Removes a snapshot; false if there was none.</summary>
    Task<bool> DeleteAsync(string id, CancellationToken cancellationToken);

    /// <summary>Headers in the order of ids (ordinal), at most <paramref name="limit"/>, ids greater than <paramref name="afterId"/>. Damaged ones are left out and logged.</summary>
    Task<IReadOnlyList<SnapshotHeader>> ListAsync(string? afterId, int limit, CancellationToken cancellationToken);
}
