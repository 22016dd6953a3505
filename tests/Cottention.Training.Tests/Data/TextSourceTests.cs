using System.IO.Compression;
using Cottention.Training.Data;

namespace Cottention.Training.Tests.Data;

public sealed class TextSourceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cottention-source-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("a.txt", "a.txt", 1)]
    [InlineData("a.txt=0.25", "a.txt", 0.25)]
    [InlineData("x=1/b.gz=3", "x=1/b.gz", 3)]
    public void Parse_PathAndWeight_AreTakenApart(string text, string path, double weight) =>
        Assert.Equal(new TextSource(path, weight), TextSource.Parse(text));

    [Theory]
    [InlineData("a.txt=0")]
    [InlineData("a.txt=-1")]
    [InlineData("a.txt=NaN")]
    [InlineData("a.txt=Infinity")]
    [InlineData("a.txt=much")]
    public void Parse_WeightNotAboveZero_IsRefused(string text) =>
        Assert.Contains("above 0", Assert.Throws<FormatException>(() => TextSource.Parse(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Documents_FileWithEndLines_AreCutThere(bool compressed)
    {
        var path = Write("one\n\ntwo\n<|endoftext|>\n<|endoftext|>\nthree <|endoftext|>\n<|endoftext|>\nfour", compressed);

        Assert.Equal(["one\n\ntwo", "three <|endoftext|>", "four"], new TextSource(path, 1).Documents());
    }

    [Fact]
    public void Name_OfCompressedText_HasNoEndings() => Assert.Equal("stories.train", new TextSource("/a/stories.train.txt.gz", 1).Name);

    private string Write(string text, bool compressed)
    {
        var path = Path.Combine(_folder, compressed ? "text.txt.gz" : "text.txt");
        using var file = File.Create(path);
        using Stream stream = compressed ? new GZipStream(file, CompressionMode.Compress) : file;
        using var writer = new StreamWriter(stream);
        writer.Write(text);
        return path;
    }
}
