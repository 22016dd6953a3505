using Cottention.Conformance;
using Cottention.Training.Commands;

namespace Cottention.Training.Tests.Commands;

public sealed class EvalCommandTests : IDisposable
{
    private readonly ToyText _toy = new();

    public void Dispose() => _toy.Dispose();

    [Theory]
    [InlineData("--runner gpu", "--runner is 'gpu'; allowed: both, cpu, torch.")]
    [InlineData("--weights f16", "--weights is 'f16'; allowed: auto, f32, bf16, int8, int4.")]
    [InlineData("--window 1", "--window is 1; allowed: 2 to 1048576.")]
    [InlineData("--limit-tokens -1", "--limit-tokens is -1; allowed: 0 to ")]
    [InlineData("--tolerance NaN", "--tolerance is NaN; allowed: 0 to 100.")]
    [InlineData("--chart out.png", "--chart draws what --by-position and --recall measure; give one of them.")]
    [InlineData("--json no-such-folder/out.json", "no-such-folder: there is no such folder.")]
    [InlineData("--json /", "--json is '/'; allowed: a file.")]
    [InlineData("--data no-such-file.txt", "no-such-file.txt: there is no such file.")]
    public void Parse_FaultyOption_IsRefusedWithItsNameAndWhatIsAllowed(string options, string message)
    {
        var parse = EvalCommand.Create().Parse($"--model {Fixtures.Path("tiny-model")} --data {_toy.TextPath} {options}");

        Assert.Contains(message, Assert.Single(parse.Errors).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_ModelAndDataOnly_IsEnough() =>
        Assert.Empty(EvalCommand.Create().Parse($"--model a={Fixtures.Path("tiny-model")} --data {_toy.TextPath}").Errors);

    [Fact]
    public void Invoke_TinyModel_WritesTheReportAndReturnsZero()
    {
        var json = Path.Combine(_toy.Folder, "report.json");

        var code = EvalCommand.Create().Parse(
            $"--model {Fixtures.Path("tiny-model")} --data {_toy.TextPath} --limit-tokens 200 --threads 1 --json {json}").Invoke();

        Assert.Equal(0, code);
        Assert.Contains("\"schema\": \"cottention-eval-1\"", File.ReadAllText(json), StringComparison.Ordinal);
    }

    [Fact]
    public void Invoke_RunnersFurtherApartThanAllowed_ReturnsOne() => Assert.Equal(
        1,
        EvalCommand.Create().Parse(
            $"--model {Fixtures.Path("tiny-model")} --data {_toy.TextPath} --limit-tokens 200 --threads 1 --weights bf16 --tolerance 1e-9").Invoke());
}
