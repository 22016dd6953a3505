using System.Runtime.InteropServices;
using Cottention.Cli.Convert;
using Cottention.Conformance;
using Cottention.Inference;
using Cottention.Inference.Model;

namespace Cottention.Cli.Tests.Convert;

public sealed class ModelConversionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("tiny", "tiny")]
    [InlineData("tiny_legacy", "tiny")]
    [InlineData("tiny_sharded_bin", "tiny")]
    [InlineData("tiny_f16", "tiny_f16")]
    [InlineData("tiny_bf16", "tiny_bf16")]
    [InlineData("small-rope-none", "small-rope-none")]
    public void WriteTo_GoldenModel_GivesTheBytesOfItsTwin(string source, string twin)
    {
        var fingerprint = Convert(Fixtures.Path("golden", source));

        AssertSameTensors(Fixtures.Path("golden", twin, "model.safetensors"), _folder.File("model.safetensors"));
        using var expected = Checkpoint.Open(Fixtures.Path("golden", twin));
        Assert.Equal(expected.Fingerprint, fingerprint);
        Assert.Equal(File.ReadAllBytes(Fixtures.Path("golden", source, "config.json")), File.ReadAllBytes(_folder.File("config.json")));
        Assert.Equal(2, Directory.GetFileSystemEntries(_folder.Path).Length);
    }

    [Theory]
    [InlineData("edge_zip.bin")]
    [InlineData("edge_legacy.bin")]
    public void WriteTo_EveryKindOfTensor_GivesTheBytesOfItsTwin(string source)
    {
        var fingerprint = Convert(Fixtures.Path("golden", "io_edge", source));

        Assert.Null(fingerprint);
        AssertSameTensors(Fixtures.Path("golden", "io_edge", "edge.safetensors"), _folder.File("model.safetensors"));
    }

    [Fact]
    public void WriteTo_KeyOfATrainersCheckpoint_TakesTheDictInside()
    {
        Convert(Fixtures.Path("golden", "io_edge", "nested.bin"), key: "model");

        using var written = SafetensorsFile.Open(_folder.File("model.safetensors"));
        Assert.Equal([("a.weight", 6L)], written.Tensors.Select(t => (t.Name, t.ElementCount)));
    }

    [Fact]
    public void Open_TrainersCheckpointWithoutKey_NamesTheKey()
    {
        var path = Fixtures.Path("golden", "io_edge", "nested.bin");

        var error = Assert.Throws<InferenceException>(() => ConversionSource.Open(path, null));

        Assert.Equal($"{path}: is no dict of tensors: 'learning_rate' is a number; there is one under 'model': name it with --key", error.Message);
    }

    [Theory]
    [InlineData("list", "--key 'list' names a list; there is one under 'model': name it with --key")]
    [InlineData("none", "--key 'none' names nothing; there is one under 'model': name it with --key")]
    public void Open_WrongKey_IsRefused(string key, string reason)
    {
        var path = Fixtures.Path("golden", "io_edge", "nested.bin");

        var error = Assert.Throws<InferenceException>(() => ConversionSource.Open(path, key));

        Assert.Equal($"{path}: {reason}", error.Message);
    }

    [Fact]
    public void WriteTo_BFloat16_RoundsMatricesAndWidensTheRest()
    {
        Convert(Fixtures.Path("golden", "tiny"), DtypeChoice.BF16);

        using var written = Checkpoint.Open(_folder.Path);
        using var rounded = Checkpoint.Open(Fixtures.Path("golden", "tiny_bf16"));
        using var exact = Checkpoint.Open(Fixtures.Path("golden", "tiny"));
        foreach (var name in written.TensorNames)
        {
            var isMatrix = written.ShapeOf(name).Count == 2;
            Assert.Equal(isMatrix ? SafetensorsDtype.BF16 : SafetensorsDtype.F32, written.DtypeOf(name));
            Numerics.AssertSameBits(Values(isMatrix ? rounded : exact, name), Values(written, name), name);
        }
    }

    [Fact]
    public void WriteTo_Float32FromHalf_KeepsEveryValue()
    {
        Convert(Fixtures.Path("golden", "tiny_f16"), DtypeChoice.F32);

        using var written = Checkpoint.Open(_folder.Path);
        using var source = Checkpoint.Open(Fixtures.Path("golden", "tiny_f16"));
        foreach (var name in written.TensorNames)
        {
            Assert.Equal(SafetensorsDtype.F32, written.DtypeOf(name));
            Numerics.AssertSameBits(Values(source, name), Values(written, name), name);
        }
    }

    [Fact]
    public void WriteTo_NumberTooLargeForTheType_IsRefused()
    {
        var path = _folder.File("large.bin");
        TorchArchive.Write(
            path,
            new PickleBuilder().BeginDict().Text("w").Tensor("DoubleStorage", "0", 1, 0, [1], [1]).EndDict(),
            ("0", BitConverter.GetBytes(1e39)));

        var error = Assert.Throws<InferenceException>(() => Convert(path, DtypeChoice.F32));

        Assert.Equal($"{path}: tensor 'w': has a number too large for F32", error.Message);
        Assert.Equal([path], Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void WriteTo_ResultIsNoModel_LeavesTheFolderAsItWas()
    {
        var source = Directory.CreateDirectory(_folder.File("source")).FullName;
        File.Copy(Fixtures.Path("golden", "tiny", "config.json"), Path.Combine(source, "config.json"));
        TorchArchive.Write(
            Path.Combine(source, "pytorch_model.bin"),
            new PickleBuilder().BeginDict().Text("transformer.wte.weight").Tensor("FloatStorage", "0", 2, 0, [2], [1]).EndDict(),
            ("0", new byte[8]));
        using var files = ConversionSource.Open(source, null);
        var target = _folder.File("target");

        var error = Assert.Throws<InferenceException>(() => new ModelConversion(files, DtypeChoice.Keep).WriteTo(target, _ => { }, default));

        Assert.EndsWith("tensor 'transformer.wte.weight': has shape [2]; config.json asks for [300, 64]", error.Message);
        Assert.False(Directory.Exists(target));
    }

    [Fact]
    public void WriteTo_Cancelled_LeavesNothing()
    {
        using var files = ConversionSource.Open(Fixtures.Path("golden", "tiny"), null);
        using var cancelled = new CancellationTokenSource();
        var done = 0L;

        Assert.Throws<OperationCanceledException>(() => new ModelConversion(files, DtypeChoice.Keep).WriteTo(
            _folder.Path,
            bytes =>
            {
                done += bytes;
                cancelled.Cancel();
            },
            cancelled.Token));

        Assert.InRange(done, 1, 502880 - 1);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void WriteTo_Progress_CountsToTheTotal()
    {
        using var files = ConversionSource.Open(Fixtures.Path("golden", "tiny"), null);
        var conversion = new ModelConversion(files, DtypeChoice.BF16);
        var done = 0L;

        conversion.WriteTo(_folder.Path, bytes => done += bytes, default);

        Assert.Equal(502880, conversion.TotalBytes);
        Assert.Equal(conversion.TotalBytes, done);
    }

    [Fact]
    public void Constructor_SmallFileThatAsksForTerabytes_IsRefused()
    {
        var path = _folder.File("bomb.bin");
        TorchArchive.Write(
            path,
            new PickleBuilder().BeginDict().Text("w").Tensor("FloatStorage", "0", 1, 0, [1L << 30, 1L << 20], [0, 0]).EndDict(),
            ("0", new byte[4]));
        using var files = ConversionSource.Open(path, null);

        var error = Assert.Throws<InferenceException>(() => new ModelConversion(files, DtypeChoice.Keep));

        Assert.Equal($"{path}: its tensors take 4503599627370496 bytes; allowed: 16 times the {new FileInfo(path).Length} of its files", error.Message);
    }

    [Fact]
    public void WriteTo_TensorWithStrideZero_RepeatsTheElement()
    {
        var path = _folder.File("expanded.bin");
        TorchArchive.Write(
            path,
            new PickleBuilder().BeginDict().Text("w").Tensor("FloatStorage", "0", 3, 1, [2, 2], [1, 0]).EndDict(),
            ("0", MemoryMarshal.AsBytes<float>([1f, 2f, 3f]).ToArray()));

        Convert(path);

        using var written = SafetensorsFile.Open(_folder.File("model.safetensors"));
        Assert.Equal([2f, 2f, 3f, 3f], MemoryMarshal.Cast<byte, float>(written.Bytes(written.Find("w")!)).ToArray());
    }

    [Fact]
    public void Open_FolderWithoutPyTorchFiles_IsRefused()
    {
        var error = Assert.Throws<InferenceException>(() => ConversionSource.Open(_folder.Path, null));

        Assert.Equal($"{_folder.Path}: has neither pytorch_model.bin nor pytorch_model.bin.index.json", error.Message);
    }

    [Theory]
    [InlineData("lm_head.bias", "pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin", "the index lists it in pytorch_model-00001-of-00002.bin")]
    [InlineData("lm_head.bias", null, "pytorch_model-00002-of-00002.bin", "the index does not list it")]
    [InlineData("more", "pytorch_model-00001-of-00002.bin", "pytorch_model-00001-of-00002.bin", "is missing; the index lists it in this file")]
    public void Open_IndexThatDisagrees_IsRefused(string tensor, string? listed, string blamed, string reason)
    {
        foreach (var file in Directory.GetFiles(Fixtures.Path("golden", "tiny_sharded_bin")))
            File.Copy(file, _folder.File(Path.GetFileName(file)));
        var index = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(_folder.File("pytorch_model.bin.index.json")))!;
        var map = index["weight_map"]!.AsObject();
        map.Remove(tensor);
        if (listed is not null)
            map[tensor] = listed;
        File.WriteAllText(_folder.File("pytorch_model.bin.index.json"), index.ToJsonString());

        var error = Assert.Throws<InferenceException>(() => ConversionSource.Open(_folder.Path, null));

        Assert.Equal($"{_folder.File(blamed)}: tensor '{tensor}': {reason}", error.Message);
    }

    private string? Convert(string source, DtypeChoice dtype = DtypeChoice.Keep, string? key = null)
    {
        using var files = ConversionSource.Open(source, key);
        return new ModelConversion(files, dtype).WriteTo(_folder.Path, _ => { }, default);
    }

    private static float[] Values(Checkpoint checkpoint, string name)
    {
        var values = new float[checkpoint.ShapeOf(name).Aggregate(1L, (a, b) => a * b)];
        checkpoint.ReadRows(name, 0, (int)checkpoint.ShapeOf(name)[0], values);
        return values;
    }

    private static void AssertSameTensors(string expected, string actual)
    {
        using var twin = SafetensorsFile.Open(expected);
        using var written = SafetensorsFile.Open(actual);
        Assert.Equal(twin.Tensors.Select(t => t.Name).Order(StringComparer.Ordinal), written.Tensors.Select(t => t.Name).Order(StringComparer.Ordinal));
        foreach (var tensor in twin.Tensors)
        {
            var other = written.Find(tensor.Name)!;
            Assert.Equal(tensor.Dtype, other.Dtype);
            Assert.Equal(tensor.Shape, other.Shape);
            Assert.True(twin.Bytes(tensor).SequenceEqual(written.Bytes(other)), $"{tensor.Name}: bytes differ");
        }
    }
}
