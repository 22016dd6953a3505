using Cottention.Inference.Engine;
using Cottention.Inference.Model;
using Cottention.Inference.Sampling;
using Microsoft.Extensions.Logging;

namespace Cottention.Inference.Sessions;

/// <summary>Between a session's fields and its snapshot in the store.</summary>
internal sealed class SessionSnapshots(InferenceEngine engine, ISessionStore store, TimeProvider time, ILogger logger)
{
    private LoadedModel Model => engine.Model;

    private StateLayout Layout => engine.StateLayout;

    /// <summary>A buffer that holds any snapshot of this model.</summary>
    public byte[] NewBuffer() => new byte[SessionSnapshot.HeaderBytes + Layout.Bytes + Model.Config.VocabularySize * (long)sizeof(float) + SessionSnapshot.ChecksumBytes];

    /// <summary>Saves a session that holds no token.</summary>
    public Task CreateAsync(SnapshotHeader header, CancellationToken cancellationToken)
    {
        var snapshot = new byte[header.SnapshotBytes];
        SessionSnapshot.Seal(snapshot, header);
        return store.SaveAsync(header.Id, snapshot, expectedVersion: 0, cancellationToken);
    }

    /// <summary>Saves a copy of a session's committed snapshot under another id.</summary>
    public async Task<SnapshotHeader> ForkAsync(string id, string newId, CancellationToken cancellationToken)
    {
        var snapshot = await store.LoadAsync(id, cancellationToken).ConfigureAwait(false) ?? throw NotFound(id);
        var parent = CheckModel(SessionSnapshot.ReadHeader(snapshot, $"session '{id}'"));
        var now = time.GetUtcNow();
        var child = parent with { Id = newId, ParentId = id, Version = 1, CreatedAt = now, UpdatedAt = now };
        SessionSnapshot.Seal(snapshot, child);
        await store.SaveAsync(newId, snapshot, expectedVersion: 0, cancellationToken).ConfigureAwait(false);
        return child;
    }

    /// <summary>Loads a parked session's fields, and returns its snapshot for the step thread to import; null at position 0.</summary>
    public async Task<byte[]?> LoadAsync(Session session, string id, CancellationToken cancellationToken)
    {
        var snapshot = await store.LoadAsync(id, cancellationToken).ConfigureAwait(false) ?? throw NotFound(id);
        var header = CheckModel(SessionSnapshot.ReadHeader(snapshot, $"session '{id}'"));
        session.Version = header.Version;
        session.CreatedAt = header.CreatedAt;
        session.ParentId = header.ParentId;
        session.Position = header.Position;
        session.PendingToken = header.PendingToken;
        session.HasLogits = header.LogitsCount > 0;
        session.PastTrainedLength = header.PastTrainedLength;
        session.Random = new RandomState(header.Seed);
        session.Window.Restore(header.Window);
        RestoreDecoder(session, header);
        SessionSnapshot.LogitsOf(snapshot, header).CopyTo(session.Logits);
        return header.Position > 0 ? snapshot : null;
    }

    private static void RestoreDecoder(Session session, SnapshotHeader header)
    {
        try
        {
            session.Decoder.Restore(header.UndecodedBytes);
        }
        catch (ArgumentException e)
        {
            throw new InferenceException(InferenceError.SessionCorrupt, $"session '{header.Id}': the snapshot is damaged: its undecoded bytes begin no code point", e);
        }
    }

    /// <summary>Commits what a finished generation left; if the store fails, the session object dies and the previous version stands.</summary>
    public async Task SaveAsync(Generation generation, string id)
    {
        var session = generation.Session;
        if (!session.PastTrainedLength && session.TokenCount > Model.Config.TrainedPositions)
        {
            session.PastTrainedLength = true;
            EngineLog.PastTrainedLength(logger, id, Model.Config.TrainedPositions);
        }
        var header = HeaderOf(session, id, session.Version + 1);
        try
        {
            var snapshot = SnapshotOf(generation, session, header);
            await store.SaveAsync(id, snapshot, session.Version, CancellationToken.None).ConfigureAwait(false);
        }
        catch (InferenceException e)
        {
            // What is not in the store is not committed: the next caller finds the previous version.
            session.Discard();
            engine.Metrics.Saved(ok: false);
            EngineLog.SaveFailed(logger, id, session.Version, e);
            throw;
        }
        session.Version = header.Version;
        engine.Metrics.Saved(ok: true);
    }

    private static Memory<byte> SnapshotOf(Generation generation, Session session, SnapshotHeader header)
    {
        // The step thread left the state in the buffer; an imported snapshot may be too short for logits.
        var buffer = generation.StateBuffer!; // not null: the session has an id
        if (buffer.Length < header.SnapshotBytes)
            Array.Resize(ref buffer, (int)header.SnapshotBytes);
        var snapshot = buffer.AsMemory(0, (int)header.SnapshotBytes);
        if (header.LogitsCount > 0)
            session.Logits.CopyTo(SessionSnapshot.LogitsOf(snapshot.Span, header));
        SessionSnapshot.Seal(snapshot.Span, header);
        return snapshot;
    }

    private SnapshotHeader HeaderOf(Session session, string id, long version)
    {
        var window = new int[session.Window.Count];
        session.Window.CopyTo(window);
        return new SnapshotHeader
        {
            Id = id,
            ParentId = session.ParentId,
            ModelFingerprint = Model.Fingerprint,
            Layout = Layout,
            Version = version,
            Position = session.Position,
            PendingToken = session.PendingToken,
            LogitsCount = session.HasLogits ? session.Logits.Length : 0,
            Seed = session.Random.Seed,
            PastTrainedLength = session.PastTrainedLength,
            CreatedAt = session.CreatedAt,
            UpdatedAt = time.GetUtcNow(),
            UndecodedBytes = session.Decoder.PendingBytes.ToArray(),
            Window = window,
        };
    }

    /// <summary>Refuses another model's session and one that does not fit this model.</summary>
    public SnapshotHeader CheckModel(SnapshotHeader header)
    {
        if (header.ModelFingerprint != Model.Fingerprint || header.Layout != Layout)
            throw new InferenceException(InferenceError.SessionModelMismatch,
                $"session '{header.Id}' belongs to model {header.ModelFingerprint[..12]}; this server runs {Model.Name}, {Model.Fingerprint[..12]}");
        if (header.PendingToken >= Model.Config.VocabularySize || (header.LogitsCount > 0 && header.LogitsCount != Model.Config.VocabularySize)
            || header.Window.Any(token => (uint)token >= (uint)Model.Config.VocabularySize)
            || (header.Position == 0 && (header.PendingToken >= 0 || header.LogitsCount > 0)))
            throw new InferenceException(InferenceError.SessionCorrupt, $"session '{header.Id}': the snapshot is damaged: a token or a count does not fit the model");
        return header;
    }

    /// <summary>The error for an unknown id.</summary>
    public static InferenceException NotFound(string id) => new(InferenceError.SessionNotFound, $"no session '{id}'");
}
