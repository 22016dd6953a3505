using Cottention.Conformance;
using Cottention.Inference.Sessions;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cottention.Inference.Tests.Sessions;

public sealed class FileSessionStoreTests : SessionStoreConformance
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), "cottention-store-" + Guid.NewGuid().ToString("N"));
    private FileSessionStore? _store;

    private FileSessionStore Store => _store!; // opened before each test

    [Fact]
    public async Task Load_FileDamaged_IsCorruptAndSaidSo()
    {
        await Store.SaveAsync("s", Snapshot("s", 1), 0, default);
        var path = Assert.Single(Directory.GetFiles(_folder, "*.session"));
        var bytes = await File.ReadAllBytesAsync(path);
        bytes[^20] ^= 1;
        await File.WriteAllBytesAsync(path, bytes);

        var e = await Assert.ThrowsAsync<InferenceException>(() => Store.LoadAsync("s", default));

        Assert.Equal(InferenceError.SessionCorrupt, e.Error);
        Assert.Contains("'s'", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Load_FileOfAnotherSession_IsCorrupt()
    {
        await Store.SaveAsync("mine", Snapshot("mine", 1), 0, default);
        var mine = Assert.Single(Directory.GetFiles(_folder, "*.session"));
        await Store.SaveAsync("yours", Snapshot("yours", 1), 0, default);
        var yours = Directory.GetFiles(_folder, "*.session").Single(path => path != mine);
        File.Copy(mine, yours, overwrite: true);

        Assert.Equal(InferenceError.SessionCorrupt, (await Assert.ThrowsAsync<InferenceException>(() => Store.LoadAsync("yours", default))).Error);
        Assert.Equal(["mine"], (await Store.ListAsync(null, 10, default)).Select(h => h.Id));
    }

    [Fact]
    public async Task Load_FileIsALink_IsRefused()
    {
        if (OperatingSystem.IsWindows())
            return;
        await Store.SaveAsync("s", Snapshot("s", 1), 0, default);
        var path = Assert.Single(Directory.GetFiles(_folder, "*.session"));
        var elsewhere = Path.Combine(_folder, "elsewhere");
        File.Move(path, elsewhere);
        File.CreateSymbolicLink(path, elsewhere);

        Assert.Equal(InferenceError.StoreFailed, (await Assert.ThrowsAsync<InferenceException>(() => Store.LoadAsync("s", default))).Error);
    }

    [Fact]
    public async Task Save_NewFile_IsPrivate()
    {
        if (OperatingSystem.IsWindows())
            return;

        await Store.SaveAsync("s", Snapshot("s", 1), 0, default);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Assert.Single(Directory.GetFiles(_folder, "*.session"))));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_folder));
    }

    [Fact]
    public void Open_FolderInUse_IsRefused()
    {
        var e = Assert.Throws<InferenceException>(() => new FileSessionStore(_folder, NullLogger<FileSessionStore>.Instance));

        Assert.Equal(InferenceError.StoreFailed, e.Error);
        Assert.Contains(_folder, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_AfterACrash_HalfWrittenFilesAreClearedAndSessionsStand()
    {
        await Store.SaveAsync("s", Snapshot("s", 1), 0, default);
        await File.WriteAllTextAsync(Path.Combine(_folder, "0123.session.tmp"), "half");
        Store.Dispose();

        _store = new FileSessionStore(_folder, NullLogger<FileSessionStore>.Instance);

        Assert.Empty(Directory.GetFiles(_folder, "*.session.tmp"));
        Assert.NotNull(await Store.LoadAsync("s", default));
    }

    [Fact]
    public void Withdraw_FoldersItMade_AreGone()
    {
        var (parent, folder) = (Path.Combine(_folder, "data"), Path.Combine(_folder, "data", "sessions"));
        var store = new FileSessionStore(folder, NullLogger<FileSessionStore>.Instance);
        Assert.True(Directory.Exists(folder));

        store.Withdraw();

        Assert.False(Directory.Exists(parent));
        Assert.True(Directory.Exists(_folder));
    }

    [Fact]
    public async Task Withdraw_FolderOfSessions_IsLeftAsItWasFound()
    {
        await Store.SaveAsync("s", Snapshot("s", 1), 0, default);
        Store.Dispose();
        string[] found = [.. Directory.GetFileSystemEntries(_folder).Order(StringComparer.Ordinal)];

        new FileSessionStore(_folder, NullLogger<FileSessionStore>.Instance).Withdraw();

        Assert.Equal(found, Directory.GetFileSystemEntries(_folder).Order(StringComparer.Ordinal));
        _store = new FileSessionStore(_folder, NullLogger<FileSessionStore>.Instance);
        Assert.NotNull(await Store.LoadAsync("s", default));
    }

    [Fact]
    public void Withdraw_FolderThatWasEmpty_IsEmptyAgain()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, "empty")).FullName;

        new FileSessionStore(folder, NullLogger<FileSessionStore>.Instance).Withdraw();

        Assert.Empty(Directory.GetFileSystemEntries(folder));
    }

    public override Task DisposeAsync()
    {
        Store.Dispose();
        Directory.Delete(_folder, recursive: true);
        return Task.CompletedTask;
    }

    protected override Task<ISessionStore> OpenAsync()
    {
        _store = new FileSessionStore(_folder, NullLogger<FileSessionStore>.Instance);
        return Task.FromResult<ISessionStore>(_store);
    }
}
