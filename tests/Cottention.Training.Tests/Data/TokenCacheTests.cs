using Cottention.Training.Data;

namespace Cottention.Training.Tests.Data;

public sealed class TokenCacheTests : IDisposable
{
    private readonly ToyText _toy = new();
    private readonly string _folder;
    private readonly TokenCache _cache;

    public TokenCacheTests()
    {
        _folder = Path.Combine(_toy.Folder, "tokens");
        _cache = new TokenCache(_folder, _toy.LearnTokenizer());
    }

    public void Dispose() => _toy.Dispose();

    [Fact]
    public void Load_SecondTime_GivesTheSameFromTheFile()
    {
        var made = _cache.Load(_toy.Source);
        var written = File.GetLastWriteTimeUtc(Assert.Single(Directory.GetFiles(_folder)));

        var read = _cache.Load(_toy.Source);

        Assert.Equal(made.Tokens, read.Tokens);
        Assert.Equal(made.Starts, read.Starts);
        Assert.Equal(written, File.GetLastWriteTimeUtc(Assert.Single(Directory.GetFiles(_folder))));
    }

    [Fact]
    public void Load_TextChanged_MakesAnotherFile()
    {
        _cache.Load(_toy.Source);
        File.AppendAllText(_toy.TextPath, "More.\n<|endoftext|>\n");

        var changed = _cache.Load(_toy.Source);

        Assert.Equal(61, changed.Count);
        Assert.Equal(2, Directory.GetFiles(_folder).Length);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(100)]
    public void Load_FileCutShort_IsMadeAgain(int length)
    {
        var made = _cache.Load(_toy.Source);
        using (var file = File.OpenWrite(Assert.Single(Directory.GetFiles(_folder))))
            file.SetLength(length);

        var again = _cache.Load(_toy.Source);

        Assert.Equal(made.Tokens, again.Tokens);
    }

    [Fact]
    public void Load_NoDocument_IsRefused()
    {
        File.WriteAllText(_toy.TextPath, "\n<|endoftext|>\n");

        Assert.Throws<InvalidDataException>(() => _cache.Load(_toy.Source));
    }
}
