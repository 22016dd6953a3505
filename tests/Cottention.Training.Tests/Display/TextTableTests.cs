using Cottention.Training.Display;

namespace Cottention.Training.Tests.Display;

public sealed class TextTableTests
{
    [Fact]
    public void WriteTo_WordsAndNumbers_LinesUpAsMarkdown()
    {
        var table = new TextTable("name", "nats");
        table.Add("a|b", "12.5");
        table.Add("long name", "-3");
        using var output = new StringWriter { NewLine = "\n" };

        table.WriteTo(output);

        Assert.Equal("| name      | nats |\n| --------- | ---: |\n| a\\|b      | 12.5 |\n| long name |   -3 |\n", output.ToString());
    }
}
