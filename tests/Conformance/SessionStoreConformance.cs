using Cottention.Inference;
using Cottention.Inference.Model;
using Cottention.Inference.Sessions;

namespace Cottention.Conformance;

/// <summary>What every session store does.</summary>
public abstract class SessionStoreConformance : IAsyncLifetime
{
    private ISessionStore _store = null!; // set by InitializeAsync before each test

    /// <summary>An empty store.</summary>
    protected abstract Task<ISessionStore> OpenAsync();

    public async Task InitializeAsync() => _store = await OpenAsync();

    public virtual Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Load_NothingSaved_IsNull()
    {
        Assert.Null(await _store.LoadAsync("nobody", default));
        Assert.Null(await _store.LoadHeaderAsync("nobody", default));
        Assert.False(await _store.DeleteAsync("nobody", default));
        Assert.Empty(await _store.ListAsync(null, 10, default));
    }

    [Fact]
    public async Task Save_ThenLoad_SameBytes()
    {
        var snapshot = Snapshot("s", 1);

        await _store.SaveAsync("s", snapshot, 0, default);

        Assert.Equal(snapshot, await _store.LoadAsync("s", default));
        Assert.Equal(1, (await _store.LoadHeaderAsync("s", default))!.Version);
    }

    [Fact]
    public async Task Save_VersionDiffers_IsRefusedAndNothingChanges()
    {
        await _store.SaveAsync("s", Snapshot("s", 1), 0, default);
        await _store.SaveAsync("s", Snapshot("s", 2), 1, default);

        await AssertRefused(InferenceError.SessionExists, "s", 1, 0);
        await AssertRefused(InferenceError.SessionConflict, "s", 2, 1);
        await AssertRefused(InferenceError.SessionConflict, "s", 4, 3);
        await AssertRefused(InferenceError.SessionNotFound, "other", 2, 1);
        Assert.Equal(2, (await _store.LoadHeaderAsync("s", default))!.Version);
    }

    [Fact]
    public async Task Save_ManyAtOnceFromOneVersion_OneWins()
    {
        await _store.SaveAsync("s", Snapshot("s", 1), 0, default);

        var results = await Task.WhenAll(Enumerable.Range(0, 16).Select(async _ =>
        {
            try
            {
                await _store.SaveAsync("s", Snapshot("s", 2), 1, default);
                return true;
            }
            catch (InferenceException e) when (e.Error == InferenceError.SessionConflict)
            {
                return false;
            }
        }));

        Assert.Single(results, won => won);
    }

    [Fact]
    public async Task Delete_Saved_IsGone()
    {
        await _store.SaveAsync("s", Snapshot("s", 1), 0, default);

        Assert.True(await _store.DeleteAsync("s", default));

        Assert.Null(await _store.LoadAsync("s", default));
        await _store.SaveAsync("s", Snapshot("s", 1), 0, default);
    }

    [Fact]
    public async Task List_Pages_AreInOrderAndWhole()
    {
        string[] ids = ["b", "a", "B", "a.1", "z-9", "0"];
        foreach (var id in ids)
            await _store.SaveAsync(id, Snapshot(id, 1), 0, default);

        var listed = new List<string>();
        for (string? after = null; ;)
        {
            var page = await _store.ListAsync(after, 2, default);
            if (page.Count == 0)
                break;
            listed.AddRange(page.Select(h => h.Id));
            after = listed[^1];
        }

        Assert.Equal(ids.Order(StringComparer.Ordinal), listed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("../up")]
    [InlineData("a/b")]
    [InlineData(".hidden")]
    [InlineData("line\n")]
    [InlineData("nul\0")]
    [InlineData("ünïcode")]
    public async Task AnyCall_IdAgainstTheRule_IsRefused(string id)
    {
        Assert.Equal(InferenceError.InvalidArgument, (await Assert.ThrowsAsync<InferenceException>(() => _store.LoadAsync(id, default))).Error);
        Assert.Equal(InferenceError.InvalidArgument, (await Assert.ThrowsAsync<InferenceException>(() => _store.DeleteAsync(id, default))).Error);
    }

    /// <summary>A small sealed snapshot.</summary>
    protected static byte[] Snapshot(string id, long version)
    {
        var header = new SnapshotHeader
        {
            Id = id,
            ModelFingerprint = new string('0', 64),
            Layout = new StateLayout(1, 2, 4, 4),
            Version = version,
            Position = 9,
            PendingToken = 3,
            CreatedAt = DateTimeOffset.UnixEpoch,
            UpdatedAt = DateTimeOffset.UnixEpoch,
        };
        var snapshot = new byte[header.SnapshotBytes];
        SessionSnapshot.StateOf(snapshot, header).Fill(version);
        SessionSnapshot.Seal(snapshot, header);
        return snapshot;
    }

    private async Task AssertRefused(InferenceError expected, string id, long version, long expectedVersion)
    {
        var e = await Assert.ThrowsAsync<InferenceException>(() => _store.SaveAsync(id, Snapshot(id, version), expectedVersion, default));
        Assert.Equal(expected, e.Error);
    }
}
