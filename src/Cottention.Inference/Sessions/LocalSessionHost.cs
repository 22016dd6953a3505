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
        using var place = _engine.Admission.Queue();
        var session = request.SessionId is null ? NewOneOff() : Acquire(request.SessionId);
        using var holding = new Holding(this, session);
        var prompt = await TokenizeAsync(request, cancellationToken).ConfigureAwait(false);
        await place.EnterAsync(cancellationToken).ConfigureAwait(false);
        // From here to the commit the session's fields are ahead of the store: whatever ends this ends the object.
        holding.IsUncommitted = true;
        var echo = request.Echo;
        for (var end = GenerationEnd.NeedsState; end == GenerationEnd.NeedsState;)
        {
            var generation = await BeginAsync(session, request, prompt, submittedAt, cancellationToken).ConfigureAwait(false);
            try
            {
                if (echo)
                    yield return new TokenEvent { Index = -1, Position = generation.CachedPosition, Text = EchoOf(request) };
                echo = false;
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
            var last = await CommitAsync(generation).ConfigureAwait(false);
            // Given back before the last event: who has seen it may call again at once.
            holding.IsUncommitted = false;
            holding.Dispose();
            place.Dispose();
            yield return last;
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
        return InfoOf(_snapshots.CheckModel(await _store.LoadHeaderAsync(id, cancellationToken).ConfigureAwait(false) ?? throw SessionSnapshots.NotFound(id)));
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
        using var holding = new Holding(this, Acquire(id));
        if (!await _store.DeleteAsync(id, cancellationToken).ConfigureAwait(false))
            throw SessionSnapshots.NotFound(id);
        holding.IsUncommitted = true;
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

    private async Task<int[]> TokenizeAsync(GenerationRequest request, CancellationToken cancellationToken)
    {
        var tokens = request.PromptTokens?.ToArray()
            ?? await Model.Tokenizer.EncodeAsync(request.Prompt, request.ParseControlTokens, cancellationToken).ConfigureAwait(false);
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
            if (!_sessions.TryGetValue(id, out var session))
            {
                var fresh = new Session(id, Model.Config.VocabularySize);
                if (_sessions.TryAdd(id, fresh))
                    return fresh;
                continue;
            }
            if (session.TryAcquire())
                return session;
            if (!session.IsDead)
                throw new InferenceException(InferenceError.SessionConflict, $"session '{id}' is busy: another generation holds it");
            _sessions.TryRemove(KeyValuePair.Create(id, session));
        }
    }

    // A session object that is dead or not resident is of no use to the next caller, who loads the session anew.
    private void GiveBack(Session session, bool uncommitted)
    {
        if (session.Id is null)
            return;
        if (uncommitted)
            session.Discard();
        session.Release();
        if (session.IsDead || (session.Slot < 0 && session.TryRetire()))
            _sessions.TryRemove(KeyValuePair.Create(session.Id, session));
        if (session.IsDead && session.Slot >= 0)
            _engine.FreeDeadSlots();
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
        if (request.Sampling.Seed is { } seed)
            session.Random = new RandomState(seed);
        if (prompt.Length > 0)
            session.Decoder.Restore([]);
        var generation = new Generation(session, request, prompt, Model.Tokenizer, _engine.Options.EventCapacity, _engine.Wake,
            _engine.Options.DraftTokens, _engine.DraftCosts)
        {
            StateBuffer = session.Id is null ? null : import ?? _snapshots.NewBuffer(),
            StateOffset = SessionSnapshot.HeaderBytes,
            HasImport = import is not null,
            SubmittedAt = submittedAt,
        };
        return _engine.TrySubmit(generation) ? generation : throw new InferenceException(InferenceError.Unavailable, "the server is stopping");
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

    /// <summary>The one writer's hold on a session, given back once.</summary>
    private sealed class Holding(LocalSessionHost host, Session session) : IDisposable
    {
        private bool _givenBack;

        /// <summary>Whether the session's fields are ahead of the store.</summary>
        public bool IsUncommitted { get; set; }

        public void Dispose()
        {
            if (!_givenBack)
                host.GiveBack(session, IsUncommitted);
            _givenBack = true;
        }
    }
}
