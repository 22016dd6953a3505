using System.Buffers.Binary;
using Cottention.Training.Display;

namespace Cottention.Training.Tests.Display;

public sealed class ChartTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void Save_ThreePanels_IsAPngOfTwoColumnsAndTwoRowsOrRefusedWithoutAFont()
    {
        var panel = new ChartPanel("title", "x", "y", [new ChartLine("a", [(128, 2, 0.5), (1024, 3, 0.1)]), new ChartLine("b", [(128, 4, 0)])], (1, "level"));
        if (!Chart.HasFont)
        {
            Assert.Contains("apt-get install", Assert.Throws<FormatException>(() => Chart.Save(_path, [panel])).Message, StringComparison.Ordinal);
            return;
        }

        Chart.Save(_path, [panel, panel with { LogarithmicY = true }, panel]);

        var bytes = File.ReadAllBytes(_path);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], bytes[..4]);
        Assert.Equal((1800, 1120), (BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(16)), BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(20))));
    }
}
