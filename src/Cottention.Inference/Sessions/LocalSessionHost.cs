using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Cottention.Inference.Engine;
using Cottention.Inference.Model;
using Cottention.Inference.Sampling;
using Microsoft.Extensions.Logging;

namespace Cottention.Inference.Sessions;

/// <summary>
/// Sessions of one process: each is resident in the engine or parked in the store. Every committed generation is saved before
/// its last event, so that parking a session is nothing but giving up its slot, and a crash loses nothing that was confirmed.
/// </summary>
public sealed class LocalSessionHost : ISessionHost
{
    /// <summary>Largest page of <see cref="ListAsync"/>.</summary>
    public const int MaxPageSize = 1000;

    private readonly InferenceEngine _engine;
    private readonly ISessionStore _store;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SessionSnapshots _snapshots;
    private readonly ConcurrentDictionary<string, Session> _sessions = new(StringComparer.Ordinal);

    /// <summary>A host over an engine and a store.</summary>
    public LocalSessionHost(InferenceEngine engine, ISessionStore store, TimeProvider time, ILogger<LocalSessionHost> logger)
    {
        (_engine, _store, _time, _logger) = (engine, store, time, logger);
        _snapshots = new SessionSnapshots(engine, store, time, logger);
        engine.Parked = ForgetParked;
        engine.Metrics.Observe(() => engine.ResidentSessions, () => engine.Admission.Running, () => engine.Admission.Queued, engine.StateLayout.Bytes);
    }

    private LoadedModel Model => _engine.Model;

    private StateLayout Layout => _engine.StateLayout;

    /// <inheritdoc/>
    public async IAsyncEnumerable<TokenEvent> GenerateAsync(GenerationRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (request.SessionId is { } id)
            SessionId.Check(id);
        GenerationRules.Check(request, _engine.Options, Model.Config.VocabularySize);
        var submittedAt = _time.GetTimestamp();
        var prompt = Tokenize(request);
        var session = request.SessionId is null ? NewOneOff() : Acquire(request.SessionId);
        try
        {
            using var place = await _engine.Admission.EnterAsync(cancellationToken).ConfigureAwait(false);
            for (var end = GenerationEnd.NeedsState; end == GenerationEnd.NeedsState;)
            {
                var generation = await BeginAsync(session, request, prompt, submittedAt, cancellationToken).ConfigureAwait(false);
                try
                {
                    if (request.Echo)
                        yield return new TokenEvent { Index = -1, Position = generation.CachedPosition, Text = EchoOf(request) };
                    while (await generation.Queue.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
                        while (generation.Queue.TryRead(out var token))
                            yield return token!; // not null: TryRead was true
                }
                finally
                {
                    await LetGoAsync(generation).ConfigureAwait(false);
                }
                end = generation.Completion.Task.Result.End;
                if (end == GenerationEnd.NeedsState)
                    continue;
                place.Dispose();
                yield return await CommitAsync(generation).ConfigureAwait(false);
            }
        }
        finally
        {
            GiveBack(session);
        }
    }

    /// <inheritdoc/>
    public async Task<SessionInfo> CreateAsync(string? id, ulong? seed, CancellationToken cancellationToken)
    {
        if (id is not null)
            SessionId.Check(id);
        var now = _time.GetUtcNow();
        var header = new SnapshotHeader
        {
            Id = id ?? SessionId.NewRandom(),
            ModelFingerprint = Model.Fingerprint,
            Layout = Layout,
            Version = 1,
            Seed = seed ?? NewSeed(),
            CreatedAt = now,
            UpdatedAt = now,
        };
        await _snapshots.CreateAsync(header, cancellationToken).ConfigureAwait(false);
        return InfoOf(header);
    }

    /// <inheritdoc/>
    public async Task<SessionInfo> GetAsync(string id, CancellationToken cancellationToken)
    {
        SessionId.Check(id);
        return InfoOf(await _store.LoadHeaderAsync(id, cancellationToken).ConfigureAwait(false) ?? throw SessionSnapshots.NotFound(id));
    }

    /// <inheritdoc/>
    public async Task<SessionPage> ListAsync(int pageSize, string? pageToken, CancellationToken cancellationToken)
    {
        if (pageSize is < 1 or > MaxPageSize)
            throw new InferenceException([new FieldViolation("page_size", $"is {pageSize}; allowed: 1 to {MaxPageSize}")]);
        if (pageToken is not null)
            SessionId.Check(pageToken, "page_token");
        var headers = await _store.ListAsync(pageToken, pageSize + 1, cancellationToken).ConfigureAwait(false);
        var page = headers.Take(pageSize).Select(InfoOf).ToArray();
        return new SessionPage(page, headers.Count > pageSize ? page[^1].Id : null);
    }

    /// <inheritdoc/>
    public async Task DeleteAsync(string id, CancellationToken cancellationToken)
    {
        SessionId.Check(id);
        var session = Acquire(id);
        try
        {
            if (!await _store.DeleteAsync(id, cancellationToken).ConfigureAwait(false))
                throw SessionSnapshots.NotFound(id);
            // Dead: the slot it may hold is the first to be given away.
            session.Discard();
        }
        finally
        {
            GiveBack(session);
        }
    }

    /// <inheritdoc/>
    public async Task<SessionInfo> ForkAsync(string id, string? newId, CancellationToken cancellationToken)
    {
        SessionId.Check(id);
        if (newId is not null)
            SessionId.Check(newId, "new_session_id");
        return InfoOf(await _snapshots.ForkAsync(id, newId ?? SessionId.NewRandom(), cancellationToken).ConfigureAwait(false));
    }

    /// <inheritdoc/>
    public HostCapacity GetCapacity() => new(
        _engine.Options.SessionSlots,
        _engine.ResidentSessions,
        _engine.Admission.Running,
        _engine.Options.MaxRunning,
        _engine.Admission.Queued,
        _engine.Options.MaxQueued,
        Layout.Bytes);

    private int[] Tokenize(GenerationRequest request)
    {
        var tokens = request.PromptTokens?.ToArray() ?? Model.Tokenizer.Encode(request.Prompt, request.ParseControlTokens);
        if (tokens.Length > _engine.Options.MaxPromptTokens)
            throw new InferenceException([new FieldViolation("prompt", $"has {tokens.Length} tokens; allowed: {_engine.Options.MaxPromptTokens}")]);
        return tokens;
    }

    private string EchoOf(GenerationRequest request) =>
        request.PromptTokens is { } tokens ? Model.Tokenizer.Decode([.. tokens]) : request.Prompt;

    private Session NewOneOff() => new(null, Model.Config.VocabularySize) { Random = new RandomState(NewSeed()) };

    // Takes the session's one writer's place, or refuses at once.
    private Session Acquire(string id)
    {
        while (true)
        {
            var fresh = new Session(id, Model.Config.VocabularySize);
            var session = _sessions.GetOrAdd(id, fresh);
            if (ReferenceEquals(session, fresh) || session.TryAcquire())
                return session;
            if (!session.IsDead)
                throw new InferenceException(InferenceError.SessionConflict, $"session '{id}' is busy: another generation holds it");
            _sessions.TryRemove(KeyValuePair.Create(id, session));
        }
    }

    // A session that is not resident is of no use to the next caller, who loads it anew.
    private void GiveBack(Session session)
    {
        if (session.Id is null)
            return;
        session.Release();
        if (session.IsDead || (session.Slot < 0 && session.TryRetire()))
            _sessions.TryRemove(KeyValuePair.Create(session.Id, session));
    }

    private void ForgetParked(Session session)
    {
        if (session.Id is not null && session.TryRetire())
            _sessions.TryRemove(KeyValuePair.Create(session.Id, session));
    }

    private async Task<Generation> BeginAsync(Session session, GenerationRequest request, int[] prompt, long submittedAt, CancellationToken cancellationToken)
    {
        // null where there is nothing to import: a resident session, a new one, a one-off.
        var import = session.Id is null || session.Slot >= 0 ? null : await _snapshots.LoadAsync(session, session.Id, cancellationToken).ConfigureAwait(false);
        if (prompt.Length == 0 && session.TokenCount == 0)
            prompt = Model.Tokenizer.BosTokenId is { } bos ? [bos]
                : throw new InferenceException([new FieldViolation("prompt", "is empty, the session holds no token yet and the model has no token to begin with")]);
        // From here on the session's fields are uncommitted: a cancelled or failed generation ends the object.
        if (request.Sampling.Seed is { } seed)
            session.Random = new RandomState(seed);
        if (prompt.Length > 0)
            session.Decoder.Restore([]);
        var generation = new Generation(session, request, prompt, Model.Tokenizer, _engine.Options.EventCapacity, _engine.Wake)
        {
            StateBuffer = session.Id is null ? null : import ?? _snapshots.NewBuffer(),
            StateOffset = SessionSnapshot.HeaderBytes,
            HasImport = import is not null,
            SubmittedAt = submittedAt,
        };
        if (_engine.TrySubmit(generation))
            return generation;
        session.Discard();
        throw new InferenceException(InferenceError.Unavailable, "the server is stopping");
    }

    // The session stays taken until the step thread has let go of it: within one step.
    private async Task LetGoAsync(Generation generation)
    {
        if (!generation.Completion.Task.IsCompleted)
        {
            generation.Cancel();
            _engine.Wake();
        }
        await generation.Completion.Task.ConfigureAwait(false);
    }

    private async Task<TokenEvent> CommitAsync(Generation generation)
    {
        var outcome = generation.Completion.Task.Result;
        var session = generation.Session;
        if (outcome.End != GenerationEnd.Finished)
            throw outcome.Error ?? (Exception)new OperationCanceledException();
        if (session.Id is not null)
            await _snapshots.SaveAsync(generation, session.Id).ConfigureAwait(false);
        var usage = outcome.Usage!; // not null: a finished generation has one
        EngineLog.GenerationEnded(_logger, session.Id ?? "a one-off", outcome.Reason, usage.PromptTokens, usage.OutputTokens);
        return new TokenEvent
        {
            Index = usage.OutputTokens,
            Position = session.TokenCount,
            Text = outcome.Text,
            FinishReason = outcome.Reason,
            MatchedStop = outcome.MatchedStop,
            Usage = usage,
            SessionVersion = session.Version,
            PastTrainedLength = session.TokenCount > Model.Config.TrainedPositions,
        };
    }

    private SessionInfo InfoOf(SnapshotHeader header)
    {
        var found = _sessions.TryGetValue(header.Id, out var session) && !session.IsDead;
        return new SessionInfo(header.Id, header.TokenCount, header.Version, found && session!.Slot >= 0, found && session!.IsBusy,
            Layout.Bytes, header.CreatedAt, header.UpdatedAt, header.ParentId);
    }

    private static ulong NewSeed() => BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
}
