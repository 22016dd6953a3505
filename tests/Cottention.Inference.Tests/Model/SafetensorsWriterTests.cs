using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Cottention.Inference.Model;

namespace Cottention.Inference.Tests.Model;

public sealed class SafetensorsWriterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Write_TwoTensors_PutsWidestFirstBehindAnAlignedHeader()
    {
        var path = _folder.File("a.safetensors");
        float[] weights = [1f, -0f, float.PositiveInfinity];

        SafetensorsWriter.Write(
            path,
            [
                new TensorToWrite("bytes", SafetensorsDtype.U8, [2], new byte[] { 7, 8 }),
                new TensorToWrite("weights", SafetensorsDtype.F32, [1, 3], s => s.Write(MemoryMarshal.AsBytes(weights.AsSpan()))),
            ],
            new Dictionary<string, string> { ["format"] = "pt" });

        var file = File.ReadAllBytes(path);
        var headerLength = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        Assert.Equal(0, headerLength % 8);
        Assert.Equal(
            """
            {"__metadata__":{"format":"pt"},"weights":{"dtype":"F32","shape":[1,3],"data_offsets":[0,12]},"bytes":{"dtype":"U8","shape":[2],"data_offsets":[12,14]}}
            """,
            Encoding.UTF8.GetString(file, 8, headerLength).TrimEnd(' '));
        Assert.Equal([0, 0, 128, 63, 0, 0, 0, 128, 0, 0, 128, 127, 7, 8], file[(8 + headerLength)..]);
    }

    [Fact]
    public void Write_TensorWritesTooFewBytes_ThrowsAndLeavesTheOldFile()
    {
        var path = _folder.File("a.safetensors");
        File.WriteAllText(path, "old");

        var error = Assert.Throws<InvalidOperationException>(() => SafetensorsWriter.Write(
            path, [new TensorToWrite("w", SafetensorsDtype.F32, [2], new byte[7])]));

        Assert.Equal("Tensor 'w' wrote 7 bytes; its shape and type ask for 8.", error.Message);
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(_folder.Path));
    }

    [Theory]
    [InlineData("w")]
    [InlineData("__metadata__")]
    public void Write_NameTaken_Throws(string second)
    {
        var path = _folder.File("a.safetensors");

        var error = Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(
            path,
            [
                new TensorToWrite("w", SafetensorsDtype.U8, [1], new byte[1]),
                new TensorToWrite(second, SafetensorsDtype.U8, [1], new byte[1]),
            ]));

        Assert.StartsWith($"Tensor name '{second}' is taken.", error.Message);
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Write_NegativeSize_Throws()
    {
        var error = Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(
            _folder.File("a.safetensors"), [new TensorToWrite("w", SafetensorsDtype.U8, [-1], new byte[1])]));

        Assert.StartsWith("Tensor 'w' has size -1; allowed: 0 and more.", error.Message);
    }
}
