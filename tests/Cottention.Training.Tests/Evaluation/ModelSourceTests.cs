using Cottention.Conformance;
using Cottention.Training.Evaluation;

namespace Cottention.Training.Tests.Evaluation;

public sealed class ModelSourceTests
{
    private static readonly string Folder = Fixtures.Path("tiny-model");

    [Fact]
    public void Parse_FolderAlone_IsNamedAfterIt() =>
        Assert.Equal(new ModelSource("tiny-model", Folder + "/"), ModelSource.Parse(Folder + "/"));

    [Fact]
    public void Parse_NameAndFolder_HasBoth() => Assert.Equal(new ModelSource("with state", Folder), ModelSource.Parse($"with state={Folder}"));

    [Theory]
    [InlineData("no-such-folder")]
    [InlineData("a=no-such-folder")]
    public void Parse_NoSuchFolder_IsRefused(string text) => Assert.Equal(
        "--model 'no-such-folder': there is no such folder; write FOLDER or NAME=FOLDER.",
        Assert.Throws<FormatException>(() => ModelSource.Parse(text)).Message);

    [Fact]
    public void Parse_EmptyName_IsRefused() =>
        Assert.Contains("the name is empty", Assert.Throws<FormatException>(() => ModelSource.Parse("=" + Folder)).Message, StringComparison.Ordinal);
}
