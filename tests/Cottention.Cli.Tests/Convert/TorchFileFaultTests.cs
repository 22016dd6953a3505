using System.IO.Compression;
using System.Text;
using Cottention.Cli.Convert;
using Cottention.Conformance;
using Cottention.Inference;

namespace Cottention.Cli.Tests.Convert;

public sealed class TorchFileFaultTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Path => _folder.File("x.bin");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_BuiltFile_IsAccepted()
    {
        TorchArchive.Write(Path, OneTensor(), ("0", new byte[24]));

        using var file = TorchFile.Open(Path);

        var tensor = Assert.Single(StateDict.Find(file, null));
        Assert.Equal([2L, 3L], tensor.Value.Shape);
    }

    [Theory]
    [InlineData("os", "system")]
    [InlineData("posix", "system")]
    [InlineData("builtins", "eval")]
    [InlineData("__builtin__", "bytearray")]
    [InlineData("collections", "defaultdict")]
    [InlineData("torch", "load")]
    [InlineData("torch", "FloatTensor")]
    [InlineData("torch.FloatStorage", "__new__")]
    [InlineData("torch._utils", "_rebuild_tensor")]
    [InlineData("exceptions", "Error")]
    [InlineData("datetime", "datetime")]
    [InlineData("array", "array")]
    [InlineData("", "collections.OrderedDict")]
    [InlineData("numpy.core.multiarray", "scalar")]
    public void Open_AnotherClass_IsRefusedByName(string module, string name)
    {
        TorchArchive.Write(Path, new PickleBuilder().Global(module, name).Ops("(").Text("id").Ops("tR").Stop());

        AssertRefused($"its pickle asks for {module}.{name}; only tensors and dicts are read, nothing is run");
    }

    [Theory]
    [InlineData("P0\n", 0x50)] // PERSID
    [InlineData("ios\nsystem\n", 0x69)] // INST
    [InlineData("o", 0x6F)] // OBJ
    [InlineData("\u0081", 0x81)] // NEWOBJ
    [InlineData("\u0082\u0001", 0x82)] // EXT1
    [InlineData("\u008B\u0001\0\0\0\u0001", 0x8B)] // LONG4
    [InlineData("\u008C\u0001a", 0x8C)] // SHORT_BINUNICODE
    [InlineData("\u008D\u00FF\u00FF\u00FF\u00FF\u00FF\u00FF\u00FF\u007F", 0x8D)] // BINUNICODE8
    [InlineData("\u0093", 0x93)] // STACK_GLOBAL
    [InlineData("\u0096\u00FF\u00FF\u00FF\u00FF\u00FF\u00FF\u00FF\u007F", 0x96)] // BYTEARRAY8
    [InlineData("B\u00FF\u00FF\u00FF\u007F", 0x42)] // BINBYTES
    [InlineData("I7\n", 0x49)] // INT
    [InlineData("2", 0x32)] // DUP
    [InlineData("\0", 0x00)]
    public void Open_AnotherOpcode_IsRefused(string opcode, int code)
    {
        TorchArchive.Write(Path, new PickleBuilder().Ops(opcode).Stop());

        AssertRefused($"its pickle has opcode 0x{code:X2} at byte 2, which no dict of tensors needs");
    }

    [Theory]
    [InlineData("", "its pickle ends after 2 bytes without a STOP")]
    [InlineData("J\0\0", "its pickle ends inside the opcode at byte 2")]
    [InlineData("M", "its pickle ends inside the opcode at byte 2")]
    [InlineData("\u008A\u0010\0", "its pickle ends inside the opcode at byte 2")]
    [InlineData("X\u00FF\u00FF\u00FF\u00FFab", "its pickle ends inside a text of 4294967295 bytes at byte 2")]
    [InlineData("X\u0002\0\0\0\u00C3\u0028.", "its pickle has a text that is not valid UTF-8 at byte 2")]
    [InlineData("\u0080\u0004.", "its pickle has protocol 4; allowed: up to 3")]
    [InlineData("ccollections\nOrderedDict", "its pickle has a class name of more than 200 bytes, or an unended one, at byte 2")]
    public void Open_TruncatedPickle_IsRefused(string rest, string reason)
    {
        TorchArchive.Write(Path, new PickleBuilder().Ops(rest).ToArray());

        AssertRefused(reason);
    }

    [Theory]
    [InlineData("R.")] // nothing to call
    [InlineData("N)R.")] // None is called
    [InlineData("u.")] // no mark
    [InlineData("(NNu.")] // no dict under the mark
    [InlineData("}(Nu.")] // a key without a value
    [InlineData("}NNs.")] // None as a key
    [InlineData("(t}a.")] // a dict is appended to
    [InlineData("]Nb.")] // None as attributes
    [InlineData("]}b.")] // a list gets attributes
    [InlineData("h\u0005.")] // nothing remembered
    [InlineData("q\u0005.")] // nothing to remember
    [InlineData(".")] // nothing at all
    [InlineData("(.")] // a mark
    public void Open_PickleWithoutSense_IsRefused(string opcodes)
    {
        TorchArchive.Write(Path, new PickleBuilder().Ops(opcodes).ToArray());

        var error = Assert.Throws<InferenceException>(() => ConversionSource.Open(Path, null));

        Assert.Equal(InferenceError.InvalidModel, error.Error);
        Assert.StartsWith($"{Path}: ", error.Message);
    }

    [Theory]
    [InlineData(0, new long[] { 7 }, new long[] { 1 }, "a tensor (offset 0, sizes [7], strides [1]) reaches past its storage of 6 elements")]
    [InlineData(5, new long[] { 2 }, new long[] { 1 }, "a tensor (offset 5, sizes [2], strides [1]) reaches past its storage of 6 elements")]
    [InlineData(0, new long[] { 2, 2 }, new long[] { 5, 1 }, "a tensor (offset 0, sizes [2, 2], strides [5, 1]) reaches past its storage of 6 elements")]
    [InlineData(0, new long[] { 2 }, new[] { long.MaxValue }, "a tensor (offset 0, sizes [2], strides [9223372036854775807]) reaches past its storage of 6 elements")]
    [InlineData(long.MaxValue, new long[] { 1 }, new long[] { 1 }, "a tensor (offset 9223372036854775807, sizes [1], strides [1]) reaches past its storage of 6 elements")]
    [InlineData(-1, new long[] { 1 }, new long[] { 1 }, "a tensor has a negative size, stride or offset (offset -1, sizes [1], strides [1])")]
    [InlineData(0, new long[] { -1 }, new long[] { 1 }, "a tensor has a negative size, stride or offset (offset 0, sizes [-1], strides [1])")]
    [InlineData(3, new long[] { 3 }, new long[] { -1 }, "a tensor has a negative size, stride or offset (offset 3, sizes [3], strides [-1])")]
    [InlineData(0, new long[] { 2, 3 }, new long[] { 1 }, "a tensor has 2 sizes and 1 strides; allowed: as many, up to 32")]
    [InlineData(0, new[] { 1L << 40, 1L << 40 }, new long[] { 0, 0 }, "a tensor (offset 0, sizes [1099511627776, 1099511627776], strides [0, 0]) has too many elements")]
    [InlineData(0, new[] { 1L << 40, 1L << 40, 0 }, new long[] { 0, 0, 1 }, "a tensor (offset 0, sizes [1099511627776, 1099511627776, 0], strides [0, 0, 1]) has too many elements")]
    public void Open_TensorOutsideItsStorage_IsRefused(long offset, long[] shape, long[] strides, string reason)
    {
        TorchArchive.Write(Path, new PickleBuilder().BeginDict().Text("w").Tensor("FloatStorage", "0", 6, offset, shape, strides).EndDict(), ("0", new byte[24]));

        AssertRefused($"its pickle is refused: {reason}");
    }

    [Fact]
    public void Open_KeyGivenTwice_IsRefused()
    {
        TorchArchive.Write(
            Path,
            new PickleBuilder().BeginDict()
                .Text("w").Tensor("FloatStorage", "0", 6, 0, [1], [1])
                .Text("w").Tensor("FloatStorage", "0", 6, 1, [1], [1]).EndDict(),
            ("0", new byte[24]));

        AssertRefused("its pickle is refused: a dict has 'w' twice");
    }

    [Theory]
    [InlineData("FloatStorage", 7, "storage '0' is named twice, as F32 and F32, or with two lengths")]
    [InlineData("LongStorage", 6, "storage '0' is named twice, as F32 and I64, or with two lengths")]
    public void Open_StorageNamedInTwoWays_IsRefused(string type, int count, string reason)
    {
        TorchArchive.Write(
            Path,
            new PickleBuilder().BeginDict()
                .Text("v").Tensor("FloatStorage", "0", 6, 0, [1], [1])
                .Text("w").Tensor(type, "0", count, 0, [1], [1]).EndDict(),
            ("0", new byte[24]));

        AssertRefused($"its pickle is refused: {reason}");
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(long.MaxValue)]
    public void Open_StorageOfImpossibleLength_IsRefused(long count)
    {
        TorchArchive.Write(Path, new PickleBuilder().BeginDict().Text("w").Tensor("FloatStorage", "0", count, 0, [0], [1]).EndDict(), ("0", []));

        AssertRefused($"its pickle is refused: storage '0' has {count} elements");
    }

    [Fact]
    public void Open_StorageThatIsNoStorage_IsRefused()
    {
        TorchArchive.Write(Path, new PickleBuilder().Ops("(").Text("module").Text("x").Ops("tQ").Stop());

        AssertRefused("its pickle is refused: a persistent id is not ('storage', class, key, device, count)");
    }

    [Theory]
    [InlineData(23)]
    [InlineData(25)]
    [InlineData(0)]
    public void Open_StorageOfAnotherLength_IsRefused(int length)
    {
        TorchArchive.Write(Path, OneTensor(), ("0", new byte[length]));

        AssertRefused($"'m/data/0' has {length} bytes; 6 elements of F32 need 24");
    }

    [Fact]
    public void Open_StorageMissing_IsRefused()
    {
        TorchArchive.Write(Path, OneTensor(), ("1", new byte[24]));

        AssertRefused("the zip has no 'm/data/0', which its pickle asks for");
    }

    [Fact]
    public void Open_StorageDamaged_IsRefused()
    {
        var data = Enumerable.Repeat((byte)0xAB, 24).ToArray();
        TorchArchive.Write(Path, OneTensor(), ("0", data));
        var bytes = File.ReadAllBytes(Path);
        bytes[bytes.AsSpan().IndexOf(data) + 5] ^= 1;
        File.WriteAllBytes(Path, bytes);

        AssertRefused("'m/data/0' is damaged: its checksum differs, or it is compressed");
    }

    [Fact]
    public void Open_CompressedEntry_IsRefused()
    {
        TorchArchive.WriteEntries(Path, [("m/data.pkl", OneTensor()), ("m/data/0", new byte[24])], CompressionLevel.Optimal);

        AssertRefused("'m/data.pkl' is compressed or encrypted; torch.save stores it plain");
    }

    [Fact]
    public void Open_EntryTwice_IsRefused()
    {
        TorchArchive.Write(Path, OneTensor(), ("0", new byte[24]), ("0", new byte[24]));

        AssertRefused("the zip has 'm/data/0' twice");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void Open_NotOnePickle_IsRefused(int count)
    {
        TorchArchive.WriteEntries(Path, [.. Enumerable.Range(0, count).Select(i => ($"m{i}/data.pkl", OneTensor())), ("a/b/data.pkl", OneTensor())]);

        AssertRefused($"the zip has {count} entries named NAME/data.pkl; a file of torch.save has one");
    }

    [Fact]
    public void Open_BytesBehindThePickle_AreRefused()
    {
        TorchArchive.Write(Path, [.. OneTensor(), 0], ("0", new byte[24]));

        AssertRefused($"its pickle ends after {OneTensor().Length} of {OneTensor().Length + 1} bytes");
    }

    [Theory]
    [InlineData("little", true)]
    [InlineData("big", false)]
    public void Open_ByteOrder_MustBeLittle(string order, bool isAccepted)
    {
        TorchArchive.WriteEntries(Path, [("m/data.pkl", OneTensor()), ("m/data/0", new byte[24]), ("m/byteorder", Encoding.ASCII.GetBytes(order))]);

        if (!isAccepted)
            AssertRefused("its byteorder is not 'little'");
        else
            TorchFile.Open(Path).Dispose();
    }

    [Fact]
    public void Open_TooManyOpcodes_IsRefusedBeforeAnythingIsMade()
    {
        TorchArchive.Write(Path, new PickleBuilder().Ops(new string('}', 600_000)).Stop());

        AssertRefused("its pickle has more than 500000 opcodes or 33554432 bytes");
    }

    [Theory]
    [InlineData("is text", "is no file of torch.save: it begins with the bytes 69732074")]
    [InlineData("P", "is no file of torch.save: it begins with the bytes 50")]
    public void Open_AnotherKindOfFile_IsRefused(string content, string reason)
    {
        File.WriteAllText(Path, content);

        AssertRefused(reason);
    }

    [Fact]
    public void Open_HalfAZip_IsRefused()
    {
        var bytes = File.ReadAllBytes(Fixtures.Path("golden", "io_edge", "edge_zip.bin"));
        File.WriteAllBytes(Path, bytes[..(bytes.Length / 2)]);

        var error = Assert.Throws<InferenceException>(() => ConversionSource.Open(Path, null));

        Assert.StartsWith($"{Path}: is a damaged zip: ", error.Message);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(60)]
    [InlineData(500)]
    public void Open_LegacyTruncated_IsRefused(int missing)
    {
        var bytes = File.ReadAllBytes(Fixtures.Path("golden", "io_edge", "edge_legacy.bin"));
        File.WriteAllBytes(Path, bytes[..^missing]);

        var error = Assert.Throws<InferenceException>(() => ConversionSource.Open(Path, null));

        Assert.StartsWith($"{Path}: ", error.Message);
        Assert.EndsWith("(truncated?)", error.Message);
    }

    [Fact]
    public void Open_LegacyWithBytesBehind_IsRefused()
    {
        File.WriteAllBytes(Path, [.. File.ReadAllBytes(Fixtures.Path("golden", "io_edge", "edge_legacy.bin")), 0]);

        AssertRefused("has 1 bytes behind its last storage");
    }

    [Fact]
    public void Open_LegacyWithAnotherMagicNumber_IsRefused()
    {
        File.WriteAllBytes(Path, new PickleBuilder().Number(7).Stop());

        AssertRefused("is no file of torch.save: it begins with another pickle than the magic number");
    }

    [Theory]
    [InlineData("N", "holds None; allowed: a dict of tensors")]
    [InlineData("]", "holds a list; allowed: a dict of tensors")]
    [InlineData("}", "its dict has no tensors")]
    [InlineData("}K\u0001K\u0002s", "is no dict of tensors: a key is a number")]
    [InlineData("}X\u0001\0\0\0aNs", "is no dict of tensors: 'a' is None")]
    public void Find_NoStateDict_IsRefused(string opcodes, string reason)
    {
        TorchArchive.Write(Path, new PickleBuilder().Ops(opcodes).Stop());

        AssertRefused(reason);
    }

    private static byte[] OneTensor() =>
        new PickleBuilder().BeginDict().Text("w").Tensor("FloatStorage", "0", 6, 0, [2, 3], [3, 1]).EndDict();

    private void AssertRefused(string reason)
    {
        var error = Assert.Throws<InferenceException>(() => ConversionSource.Open(Path, null));

        Assert.Equal(InferenceError.InvalidModel, error.Error);
        Assert.Equal($"{Path}: {reason}", error.Message);
    }
}
