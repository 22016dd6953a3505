using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Cottention.Inference.Sessions;

/// <summary>
/// One file a session in one folder: named by the SHA-256 of the id, written to a temporary file, flushed to the device and
/// renamed, so that a crash leaves the old or the new snapshot. Links are not followed; files are readable by their owner only.
/// A lock file keeps a second process out.
/// </summary>
public sealed partial class FileSessionStore : ISessionStore, IDisposable
{
    private const string Extension = ".session";
    private const string TemporaryExtension = ".session.tmp";
    private const string LockName = ".lock";
    private const int LockStripes = 64;

    private readonly string _folder;
    private readonly ILogger _logger;
    private readonly FileStream _folderLock;

    // What was not there before, innermost folder first.
    private readonly string[] _madeFolders;
    private readonly bool _madeLock;
    private readonly SemaphoreSlim[] _locks = [.. Enumerable.Range(0, LockStripes).Select(_ => new SemaphoreSlim(1))];

    /// <summary>Opens a folder, creating it if need be. Raises <see cref="InferenceError.StoreFailed"/>.</summary>
    /// <param name="folder">Where the files live; kept private to the user that runs the server.</param>
    /// <param name="logger">Hears of damaged files.</param>
    public FileSessionStore(string folder, ILogger<FileSessionStore> logger)
    {
        _folder = Path.GetFullPath(folder);
        _logger = logger;
        try
        {
            _madeFolders = SessionFiles.CreateFolder(_folder);
            (_folderLock, _madeLock) = SessionFiles.Lock(Path.Combine(_folder, LockName));
            foreach (var left in Directory.EnumerateFiles(_folder, "*" + TemporaryExtension))
                File.Delete(left);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _folderLock?.Dispose();
            throw new InferenceException(InferenceError.StoreFailed, $"session folder {_folder}: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    /// <inheritdoc/>
    public Task<byte[]?> LoadAsync(string id, CancellationToken cancellationToken) => Locked(id, path =>
    {
        var bytes = SessionFiles.ReadAll(path);
        if (bytes is null)
            return null;
        CheckOwner(SessionSnapshot.Read(bytes, Name(id)), id);
        return bytes;
    }, cancellationToken);

    /// <inheritdoc/>
    public Task<SnapshotHeader?> LoadHeaderAsync(string id, CancellationToken cancellationToken) =>
        Locked(id, path => ReadHeader(path, id), cancellationToken);

    /// <inheritdoc/>
    public Task SaveAsync(string id, ReadOnlyMemory<byte> snapshot, long expectedVersion, CancellationToken cancellationToken) => Locked(id, path =>
    {
        var found = ReadHeader(path, id)?.Version ?? 0;
        if (found != expectedVersion)
            throw found == 0 ? new InferenceException(InferenceError.SessionNotFound, $"session '{id}' is gone")
                : expectedVersion == 0 ? new InferenceException(InferenceError.SessionExists, $"session '{id}' exists already")
                : new InferenceException(InferenceError.SessionConflict, $"session '{id}' is at version {found}, not {expectedVersion}: another writer was faster");
        var temporary = Path.Combine(_folder, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)) + TemporaryExtension);
        SessionFiles.WriteDurably(temporary, path, snapshot.Span);
        return true;
    }, cancellationToken);

    /// <inheritdoc/>
    public Task<bool> DeleteAsync(string id, CancellationToken cancellationToken) => Locked(id, path =>
    {
        if (!File.Exists(path))
            return false;
        File.Delete(path);
        SessionFiles.FlushFolder(_folder);
        return true;
    }, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<SnapshotHeader>> ListAsync(string? afterId, int limit, CancellationToken cancellationToken) =>
        Task.Run(() => List(afterId, limit, cancellationToken), cancellationToken);

    /// <summary>Lets another process have the folder, and takes away what this store made of it: for a start that was refused.</summary>
    public void Withdraw()
    {
        try
        {
            if (_madeLock)
                File.Delete(Path.Combine(_folder, LockName));
            foreach (var folder in _madeFolders)
                Directory.Delete(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Somebody has put something there, and keeps it.
        }
        Dispose();
    }

    /// <summary>Lets another process have the folder.</summary>
    public void Dispose()
    {
        _folderLock.Dispose();
        foreach (var stripe in _locks)
            stripe.Dispose();
    }

    private IReadOnlyList<SnapshotHeader> List(string? afterId, int limit, CancellationToken cancellationToken)
    {
        // File names are hashes, so each page reads every header (2 KiB a session); only the page's own are kept.
        var page = new SortedSet<SnapshotHeader>(Comparer<SnapshotHeader>.Create((a, b) => string.CompareOrdinal(a.Id, b.Id)));
        foreach (var path in Files())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (TryReadHeader(path) is not { } header || string.CompareOrdinal(header.Id, afterId ?? "") <= 0)
                continue;
            page.Add(header);
            if (page.Count > limit)
                page.Remove(page.Max!); // not null: the set has an element
        }
        return [.. page];
    }

    private string[] Files()
    {
        try
        {
            return Directory.GetFiles(_folder, "*" + Extension);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InferenceException(InferenceError.StoreFailed, $"session folder: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    private SnapshotHeader? TryReadHeader(string path)
    {
        try
        {
            var bytes = SessionFiles.ReadStart(path, SessionSnapshot.HeaderBytes);
            var header = bytes is null ? null : SessionSnapshot.ReadHeader(bytes, Path.GetFileName(path));
            return header is not null && PathOf(header.Id) == path ? header : null;
        }
        catch (Exception e) when (e is InferenceException or IOException or UnauthorizedAccessException)
        {
            LogUnreadable(_logger, Path.GetFileName(path), e.Message);
            return null;
        }
    }

    private static SnapshotHeader? ReadHeader(string path, string id)
    {
        var bytes = SessionFiles.ReadStart(path, SessionSnapshot.HeaderBytes);
        return bytes is null ? null : CheckOwner(SessionSnapshot.ReadHeader(bytes, Name(id)), id);
    }

    private static SnapshotHeader CheckOwner(SnapshotHeader header, string id) => header.Id == id
        ? header
        : throw new InferenceException(InferenceError.SessionCorrupt, $"{Name(id)}: the snapshot in its file belongs to '{header.Id}'");

    private async Task<T> Locked<T>(string id, Func<string, T> action, CancellationToken cancellationToken)
    {
        SessionId.Check(id);
        var path = PathOf(id);
        var stripe = _locks[(uint)StringComparer.Ordinal.GetHashCode(id) % LockStripes];
        await stripe.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // File work blocks; it belongs on the pool, not on the caller's thread.
            return await Task.Run(() => action(path), CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InferenceException(InferenceError.StoreFailed, $"{Name(id)}: {e.Message.ReplaceLineEndings(" ")}", e);
        }
        finally
        {
            stripe.Release();
        }
    }

    private string PathOf(string id) => Path.Combine(_folder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id))) + Extension);

    private static string Name(string id) => $"session '{id}'";

    [LoggerMessage(EventId = 310, Level = LogLevel.Warning, Message = "Session file {File} is left out of the list: {Reason}")]
    private static partial void LogUnreadable(ILogger logger, string file, string reason);
}
