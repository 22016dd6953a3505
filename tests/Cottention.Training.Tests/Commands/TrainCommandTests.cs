using System.CommandLine;
using Cottention.Conformance;
using Cottention.Training.Commands;

namespace Cottention.Training.Tests.Commands;

public sealed class TrainCommandTests : IDisposable
{
    private readonly ToyText _toy = new();

    public void Dispose() => _toy.Dispose();

    [Theory]
    [InlineData("--steps 0", "--steps is 0; allowed: 1 to ")]
    [InlineData("--learning-rate NaN", "--learning-rate is NaN; allowed: 0 to 1.")]
    [InlineData("--vocabulary 256", "--vocabulary is 256; allowed: 257 to 65536.")]
    [InlineData("--attention linear", "--attention is 'linear'; allowed: cosine, softmax.")]
    [InlineData("--optimizer sgd", "--optimizer is 'sgd'; allowed: adamw, muon.")]
    [InlineData("--valid no-such-file.txt", "no-such-file.txt: there is no such file.")]
    public void Parse_FaultyOption_IsRefusedWithItsNameAndWhatIsAllowed(string options, string message)
    {
        var parse = TrainCommand.Create().Parse($"--data {_toy.TextPath} --out {_toy.Folder} {options}");

        Assert.Contains(message, Assert.Single(parse.Errors).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tpu", "allowed: cpu, cuda, cuda:N")]
    [InlineData("cuda:x", "allowed: cpu, cuda, cuda:N")]
    [InlineData("cuda:-1", "allowed: cpu, cuda, cuda:N")]
    public void Device_Unknown_IsRefusedWithWhatIsAllowed(string name, string message) =>
        Assert.Contains(message, Assert.Throws<FormatException>(() => Devices.Parse(name)).Message, StringComparison.Ordinal);

    [Fact]
    public void Read_NothingGiven_GivesTheDefaultsThatHelpShows()
    {
        var options = new RunOptions(new TrainingOptions());
        var command = new Command("train");
        options.AddTo(command, attention: true);

        Assert.Equal(new TrainingOptions(), options.Read(command.Parse($"--data {_toy.TextPath} --out {_toy.Folder}")).Options);
    }

    [Fact]
    public void Read_FromAModel_TakesItsSizesWhereNoneAreGiven()
    {
        var options = new RunOptions(new TrainingOptions());
        var command = new Command("train");
        options.AddTo(command, attention: true);
        var model = Fixtures.Path("golden", "tiny");

        var read = options.Read(command.Parse($"--data {_toy.TextPath} --out {_toy.Folder} --from {model} --layers 7")).Options;

        Assert.Equal((64, 4, 7, 96, 8), (read.Width, read.Heads, read.Layers, read.Inner, read.RotaryDim));
    }

    [Fact]
    public void Parse_DataAndOutOnly_IsEnough() =>
        Assert.Empty(TrainCommand.Create().Parse($"--data {_toy.TextPath}=0.5 --out {_toy.Folder}").Errors);
}
